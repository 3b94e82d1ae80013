"""Versions of songs: an excerpt sung by one voice is looked for among songs that other voices sing, in other keys.

Songs of which a folder lists several MIDI versions took no part in fitting the projection of melody vectors. The voices
are new as well: candidates are sung by wholly synthetic singers, whose sound no training has used, and queries by
pseudo-singers made of recorded voices that may not train.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.audio.synthesis import Melody, Note, SingerVoice, draw_singer, sing
from singalike.audio.synthesis.melody import CONSONANTS, VOWELS
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.melody_baselines import melody_baselines, standard_units
from singalike.embeddings.evaluation.recordings import MANIFEST
from singalike.embeddings.evaluation.retrieval import retrieve
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.evaluation.singer_probe import tell_singers
from singalike.embeddings.melody import SAMPLE_RATE, MelodyFrames
from singalike.embeddings.melody_alignment import rerank
from singalike.embeddings.training.note_lines import NoteLine, read_versions
from singalike.embeddings.training.recorded_voices import LONGEST_S, RecordedVoice, analyse_recording
from singalike.embeddings.training.renditions import render

CANDIDATE_S, QUERY_S = 60.0, 20.0
SINGERS, VOICES = 10, 8
"""Synthetic singers of the candidates, recorded voices of the queries."""

_SLOWEST = 1.23
"""Times of a query are stretched by at most this (`renditions.vary` draws exp(+-0.2))."""

_PASSAGE_NOTES, _SHARED = 10, 0.3
"""Songs are one work when so much of their passages of so many notes is the same but for the key."""


@dataclass(frozen=True, eq=False)
class _Renditions:
    """Sung versions; the same place in every sequence is the same song.

    Attributes:
        queries: Twenty seconds of one version of each song.
        candidates: The first minute of another version.
        singers: Who sings each candidate.
        one_work: bool (songs, songs), whether two songs are variants of one tune.
    """

    queries: Sequence[Waveform]
    candidates: Sequence[Waveform]
    singers: Sequence[str]
    one_work: NDArray[np.bool_]


def version_sections(bench: Bench) -> list[Section]:
    """Look for songs by their versions; no section for a folder without versions."""
    has_list = (bench.folder.root / MANIFEST).is_file()
    versions = list(read_versions(bench.folder.root).items())[: bench.most] if has_list else []
    if len(versions) < 2:
        return []
    bench.say(f"melody: {len(versions)} songs by another version, singer, key and tempo")
    sung = _render(bench, [lines for _, lines in versions])
    candidates = bench.encoder.melody.analyse(sung.candidates)
    return [_found(bench, sung, candidates), _singer_shows(bench, sung, candidates, [song for song, _ in versions])]


def _render(bench: Bench, songs: Sequence[Sequence[NoteLine]]) -> _Renditions:
    rng = np.random.default_rng(bench.seed)
    singers = [draw_singer(rng) for _ in range(SINGERS)]
    voices = _held_out_voices(bench)
    queries, candidates = [], []
    with bench.progress("singing versions of songs", len(songs)) as advance:
        for place, lines in enumerate(songs):
            other, main = (line.cut(float(line.start_s[0]), float(line.end_s[-1])) for line in (lines[0], lines[-1]))
            candidates.append(_sing_line(main, singers[_singer_of(place)], rng))
            start_s = float(rng.uniform(0.0, CANDIDATE_S / 1.15 - _SLOWEST * QUERY_S))
            excerpt, voice = other.cut(start_s, start_s + _SLOWEST * QUERY_S), voices[place % max(len(voices), 1) :][:1]
            queries.append(render(excerpt, QUERY_S, voice, rng, borrowed_share=1.0).waveform)
            advance()
    names = [f"synthetic singer {_singer_of(place)}" for place in range(len(songs))]
    return _Renditions(queries, candidates, names, _one_work([lines[-1] for lines in songs]))


def _singer_of(place: int) -> int:
    """Deal the songs out to the singers, one further in every round: songs a round apart are of two singers."""
    return (place + place // SINGERS) % SINGERS


def _held_out_voices(bench: Bench) -> list[RecordedVoice]:
    """Recorded voices that may not train, one recording each, evenly picked over the folder."""
    by_singer = {one.singer: one for one in bench.folder.recordings if one.use != "train" and one.kind == "speech"}
    chosen = list(by_singer.values())
    chosen = chosen[:: max(len(chosen) // VOICES, 1)][:VOICES]
    return [analyse_recording(bench.hear(one).waveform[: int(LONGEST_S * SAMPLE_RATE)]) for one in chosen]


def _sing_line(line: NoteLine, singer: SingerVoice, rng: Generator) -> Waveform:
    """Let a synthetic singer sing the first minute in the singer's own key, up to 15 % faster or slower."""
    slower = float(np.exp(rng.uniform(-0.15, 0.15)))
    sung = line.cut(0.0, CANDIDATE_S / slower)
    midi_pitch = sung.midi_pitch + singer.centre_midi - np.median(sung.midi_pitch)
    notes = [
        Note(
            float(pitch),
            float(start_s) * slower,
            float(end_s - start_s) * slower,
            VOWELS[int(rng.integers(len(VOWELS)))],
            CONSONANTS[int(rng.integers(len(CONSONANTS)))],
        )
        for pitch, start_s, end_s in zip(midi_pitch, sung.start_s, sung.end_s, strict=True)
    ]
    waveform: Waveform = sing(singer, Melody(tuple(notes), CANDIDATE_S), SAMPLE_RATE, rng).waveform[0]
    return waveform


def _one_work(lines: Sequence[NoteLine]) -> NDArray[np.bool_]:
    passages = [_passages(line) for line in lines]
    shared = [[len(a & b) / max(min(len(a), len(b)), 1) for b in passages] for a in passages]
    return np.asarray(np.array(shared) >= _SHARED)


def _passages(line: NoteLine) -> set[tuple[float, ...]]:
    steps = np.diff(line.midi_pitch).tolist()
    return {tuple(steps[at : at + _PASSAGE_NOTES - 1]) for at in range(len(steps) - _PASSAGE_NOTES + 2)}


def _found(bench: Bench, sung: _Renditions, candidates: Sequence[MelodyFrames]) -> Section:
    encoder = bench.encoder.melody
    queries = encoder.analyse(sung.queries)
    vectors = np.stack([encoder.embed(frames) for frames in candidates])
    plain = np.stack([encoder.embed(frames) for frames in queries]) @ vectors.T
    steps = [encoder.describe(frames) for frames in candidates]
    reranked = np.stack([rerank(encoder.describe(one), steps, row) for one, row in zip(queries, plain, strict=True)])
    scores: dict[str, NDArray[np.floating]] = {"melody": plain, "melody, re-ranked by alignment": reranked}
    for name, describe in melody_baselines(encoder).items():
        described = [describe(waveform, frames) for waveform, frames in
                     zip([*sung.queries, *sung.candidates], [*queries, *candidates], strict=True)]  # fmt: skip
        units = standard_units(np.stack(described))
        scores[name] = units[: len(queries)] @ units[len(queries) :].T
    same = np.eye(len(queries), dtype=np.bool_)
    judged = {name: retrieve(values, same, same | ~sung.one_work) for name, values in scores.items()}
    rows = [Row(name, "versions of songs", len(found), found.figures(), not name.startswith("melody"))
            for name, found in judged.items()]  # fmt: skip
    chance = Figure(float(judged["melody"].chance.mean()))
    rows.append(Row("chance", "versions of songs", len(queries), {"MAP": chance}, baseline=True))
    return Section("melody-versions", "A song by another version of it", rows, (_TASK, _UNSEEN))


_TASK = (
    f"Query: {QUERY_S:.0f} s of one MIDI version of each song, from a random place in its first minute, sung by a "
    "pseudo-singer of a recorded voice that may not train, in a random key, up to 22 % faster or slower, with a room, "
    f"noise and accompaniment. Candidates: the first {CANDIDATE_S:.0f} s of another version of every song, one of ten "
    "synthetic singers each, in the singer's key, up to 16 % faster or slower. One candidate is right."
)
_UNSEEN = (
    "The songs took no part in fitting the projection of melody vectors. The network beneath, a tracker of pitch, has "
    "heard their notes in six-second clips, sung by other voices. Most versions of POP909 differ in arrangement, not "
    "in melody."
)


def _singer_shows(bench: Bench, sung: _Renditions, candidates: Sequence[MelodyFrames], songs: Sequence[str]) -> Section:
    melody = np.stack([bench.encoder.melody.embed(frames) for frames in candidates])
    timbre = np.stack([bench.encoder.timbre.embed(bench.encoder.timbre.analyse(one)) for one in sung.candidates])
    methods: Mapping[str, NDArray[np.float32]] = {"melody": melody, "timbre": timbre}
    rows = [Row(name, "synthetic singers", len(songs), tell_singers(vectors, sung.singers, songs), name != "melody")
            for name, vectors in methods.items()]  # fmt: skip
    notes = (
        "Each singer sings other songs: a linear probe, fitted on all songs but a tenth and asked about the rest.",
    )
    return Section("melody-synthetic-singer", "Whether who sings shows in the vector, synthetic singers", rows, notes)
