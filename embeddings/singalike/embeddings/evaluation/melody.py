"""The topic "melody": the same phrase by another singer, in another key, at another tempo; who sings must not show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method
from singalike.embeddings.evaluation.melody_baselines import Describe, melody_baselines, pitch_classes, standard_units
from singalike.embeddings.evaluation.melody_versions import version_sections
from singalike.embeddings.evaluation.phrases import Pair, Phrases, read_phrases
from singalike.embeddings.evaluation.pitch_tracking import pitch_sections
from singalike.embeddings.evaluation.resynthesis import Change, take_apart
from singalike.embeddings.evaluation.retrieval import Retrieval, retrieve
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.evaluation.singer_probe import tell_singers
from singalike.embeddings.evaluation.timbre_methods import heard_timbre
from singalike.embeddings.mel import MELODY_MEL
from singalike.embeddings.melody import MelodyEncoder, MelodyFrames
from singalike.embeddings.melody_alignment import rerank

Vectors = NDArray[np.float32]

UNCHANGED = Change()
CHANGES = (UNCHANGED, Change(-6), Change(-3), Change(3), Change(6), Change(tempo=0.85), Change(tempo=1.15))
_TASK = (
    "Query: a clip that shares at least 3 s of a phrase with a clip of another singer. Candidates: all clips of the "
    "other singers. 95 % intervals over queries: they are few."
)
_KINDNESS = (
    "Baselines are standardised over the set before cosines, which is kind to them; histograms begin at their fullest "
    "pitch class, so that no key shows."
)
_CHANGED = (
    "Queries are sung again by WORLD, the formants kept; candidates are as recorded. A drop is against the queries as "
    "recorded; +0 semitones shows what resynthesis alone costs. 'pitch track' moves the pitch that was measured in "
    "the recorded query, without resynthesis."
)
_PROBE = (
    "A linear probe, fitted on all songs but a tenth and asked about the rest. A melody vector should stay near the "
    "majority class, a timbre vector far above it."
)

RERANKED, _HISTOGRAM = "melody, re-ranked by alignment", "pitch-class histogram"


@dataclass(frozen=True, eq=False)
class _Clips:
    """The clips of a set as the ear hears them.

    Attributes:
        phrases: Which share a phrase.
        vectors: float32 (clips, dim), melody vectors.
        steps: The clips step by step.
        others: Descriptions by the baselines and by timbre, unit rows.
        tracks: f0 of the clips.
    """

    phrases: Phrases
    vectors: Vectors
    steps: Sequence[Vectors]
    others: Mapping[str, Vectors]
    tracks: Sequence[Vectors]

    @property
    def queries(self) -> list[int]:
        """The clips with a twin."""
        return np.flatnonzero(self.phrases.twins.any(axis=1)).tolist()

    def found(self, scores: NDArray[np.floating]) -> Retrieval:
        """Judge scores (queries, clips)."""
        return retrieve(scores, self.phrases.twins[self.queries], self.phrases.other_singer[self.queries])


def evaluate_melody(bench: Bench) -> Sequence[Section]:
    """Measure melody vectors on pairs of singers, on versions of songs, and the pitch that they rest on."""
    sections: list[Section] = []
    for phrases in read_phrases(bench.folder):
        bench.say(f"melody: the same phrase by another singer, {phrases.set_name}")
        clips = _hear(bench, phrases)
        sections += [_same_phrase(bench.encoder.melody, clips), _changed(bench, clips), _singer_shows(clips)]
    return [*sections, *version_sections(bench), *pitch_sections(bench)]


def frames_of(track: Vectors) -> MelodyFrames:
    """Wrap an f0 track (frames,) in Hz, NaN where unvoiced, without latents."""
    pitch = PitchTrack(track, np.isfinite(track).astype(np.float32), MELODY_MEL.hop_s)
    return MelodyFrames(np.zeros((0, 0), np.float32), pitch, MELODY_MEL.hop_s)


def _hear(bench: Bench, phrases: Phrases) -> _Clips:
    encoder, version = bench.encoder.melody, bench.encoder.model_version
    methods = {
        name: Method(partial(_described, describe), f"{version}-1", baseline=True)
        for name, describe in melody_baselines(encoder).items()
    }
    methods["pitch"] = Method(lambda h: h.pitch.f0_hz, version)
    methods["timbre"] = Method(heard_timbre, version)
    heard = bench.embed(phrases.recordings, methods)
    tracks = heard.arrays["pitch"]
    others = {name: standard_units(heard.matrix(name)) for name, method in methods.items() if method.baseline}
    return _Clips(
        replace(phrases, recordings=heard.recordings),
        np.stack([encoder.embed(frames_of(track)) for track in tracks]),
        [encoder.describe(frames_of(track)) for track in tracks],
        {**others, "timbre": heard.matrix("timbre")},
        tracks,
    )


def _described(describe: Describe, hearing: Hearing) -> Vectors:
    return describe(hearing.waveform, hearing.melody)


def _same_phrase(encoder: MelodyEncoder, clips: _Clips) -> Section:
    plain, reranked = _scores(encoder, clips, [clips.tracks[query] for query in clips.queries])
    found = {"melody": clips.found(plain), RERANKED: clips.found(reranked)}
    others = {name: clips.found(vectors[clips.queries] @ vectors.T) for name, vectors in clips.others.items()}
    set_name, count = clips.phrases.set_name, len(found["melody"])
    rows = [Row(name, set_name, count, judged.figures()) for name, judged in found.items()]
    rows += [Row(name, set_name, count, judged.figures(), baseline=True) for name, judged in others.items()]
    chance = Figure(float(found["melody"].chance.mean()))
    rows.append(Row("chance", set_name, count, {"MAP": chance}, baseline=True))
    names = {recording.name for recording in clips.phrases.recordings}
    pairs = [pair for pair in clips.phrases.pairs if {pair.first, pair.second} <= names]
    longest = max(pairs, key=lambda pair: pair.overlap_s)
    return Section(
        "melody-phrases",
        "The same phrase by another singer",
        rows,
        (_TASK, _KINDNESS),
        {f"alignment of {longest.first} and {longest.second}": _alignment(encoder, clips, longest)},
    )


def _scores(
    encoder: MelodyEncoder, clips: _Clips, tracks: Sequence[Vectors]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Scores of the queries' f0 tracks against all clips, by the vector alone and re-ranked, (queries, clips) each."""
    queries = [frames_of(track) for track in tracks]
    plain = np.stack([encoder.embed(frames) for frames in queries]) @ clips.vectors.T
    reranked = np.full(plain.shape, -np.inf)
    for row, (query, frames) in enumerate(zip(clips.queries, queries, strict=True)):
        # What is no candidate must not take a place among those that are aligned.
        places = np.flatnonzero(clips.phrases.other_singer[query]).tolist()
        candidates = [clips.steps[place] for place in places]
        reranked[row, places] = rerank(encoder.describe(frames), candidates, plain[row, places])
    return plain, reranked


def _alignment(encoder: MelodyEncoder, clips: _Clips, pair: Pair) -> Mapping[str, Sequence[tuple[float, float]]]:
    """Where two clips are alike: times in the first against times in the second, in seconds."""
    names = [recording.name for recording in clips.phrases.recordings]
    steps, other = (clips.steps[names.index(name)] for name in (pair.first, pair.second))
    match, step_s = encoder.align(steps, other), encoder.shingles.step_s
    nearest = (steps @ other.T).argmax(axis=1)
    sung = np.flatnonzero(steps.any(axis=1))
    ends = [(match.start_s, match.other_start_s), (match.end_s, match.other_end_s)]
    return {
        "nearest step": [(float(step * step_s), float(nearest[step] * step_s)) for step in sung],
        "shared phrase found": ends,
        "offset of the pair": [(start_s, start_s + pair.offset_s) for start_s, _ in ends],
    }


def _changed(bench: Bench, clips: _Clips) -> Section:
    version = "-".join([bench.encoder.model_version, *(str(change) for change in CHANGES)])
    queries = [clips.phrases.recordings[query] for query in clips.queries]
    heard = bench.embed(queries, {"pitch sung again": Method(_sung_again, version)}).arrays["pitch sung again"]
    recorded = [clips.tracks[query] for query in clips.queries]
    sung = {str(change): [tracks[place] for tracks in heard] for place, change in enumerate(CHANGES)}
    moved = {f"pitch track {n:+d}": [track * np.float32(2 ** (n / 12)) for track in recorded] for n in (-6, -1, 1, 6)}
    rows: list[Row] = []
    untouched: dict[str, float] = {}
    for change, tracks in {"as recorded": recorded, **sung, **moved}.items():
        plain, reranked = _scores(bench.encoder.melody, clips, tracks)
        scores = {"melody": plain, RERANKED: reranked, _HISTOGRAM: _histogram_scores(clips, tracks)}
        for method, values in scores.items():
            judged = clips.found(values)
            figures = judged.figures()
            drop = Figure(untouched.setdefault(method, figures["MAP"].value) - figures["MAP"].value)
            recordings = f"{clips.phrases.set_name}, {change}"
            rows.append(Row(method, recordings, len(judged), {**figures, "drop": drop}, method == _HISTOGRAM))
    return Section(
        "melody-changed",
        "The same phrase when the query is transposed, or sung faster or slower",
        sorted(rows, key=lambda row: list(untouched).index(row.method)),
        (_CHANGED,),
    )


def _sung_again(hearing: Hearing) -> Vectors:
    """What is heard in each change of a recording: f0 tracks (changes, frames), the shorter ones filled with NaN."""
    apart = take_apart(hearing.waveform)
    tracks = [replace(hearing, waveform=apart.sung_again(change)).pitch.f0_hz for change in CHANGES]
    filled = np.full((len(tracks), max(len(track) for track in tracks)), np.nan, dtype=np.float32)
    for row, track in zip(filled, tracks, strict=True):
        row[: len(track)] = track
    return filled


def _histogram_scores(clips: _Clips, tracks: Sequence[Vectors]) -> NDArray[np.floating]:
    described = np.stack([pitch_classes(frames_of(track).pitch) for track in [*clips.tracks, *tracks]])
    vectors = standard_units(described)
    return np.asarray(vectors[len(clips.tracks) :] @ vectors[: len(clips.tracks)].T)


def _singer_shows(clips: _Clips) -> Section:
    sung = np.flatnonzero(clips.vectors.any(axis=1)).tolist()
    singers = [clips.phrases.recordings[place].singer for place in sung]
    songs = [clips.phrases.songs[place] for place in sung]
    methods = {"melody": clips.vectors, "timbre": clips.others["timbre"], **clips.others}
    rows = [
        Row(name, clips.phrases.set_name, len(sung), tell_singers(vectors[sung], singers, songs), name != "melody")
        for name, vectors in methods.items()
    ]
    return Section(
        "melody-singer",
        "Whether who sings shows in the vector",
        rows,
        (_PROBE,),
    )
