"""Does style tell how something is sung, where timbre tells who sings, and the other way round?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from singalike.embeddings.evaluation.bench import Bench, Hearing, Method, Vectors
from singalike.embeddings.evaluation.linear_probe import FOLDS, Names, probe, retrieve
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Row, Section
from singalike.embeddings.evaluation.singers_apart import same_gender_eer, singer_map
from singalike.embeddings.evaluation.sung_manners import (
    CLIP_S,
    MannerClip,
    sung_by_recorded_voice,
    sung_by_synthetic_singer,
)
from singalike.embeddings.evaluation.timbre_methods import heard_timbre

EMOTION = "_emo"
"""Parts the name of a song from the emotion in which it is sung or said."""

CHANCE, CHANCE_DIM = "chance", 16
RECORDED_SINGERS, SYNTHETIC_SINGERS = 12, 24
_PIECES = 8
"""Recordings of a voice that are joined to be taken apart."""


@dataclass(frozen=True, eq=False)
class _Set:
    """Vectors of one set by method, with what they are judged by.

    Attributes:
        name: Of the set.
        vectors: (items, dim) by method.
        labels: Emotion or manner.
        singers: Who.
    """

    name: str
    vectors: Mapping[str, Vectors]
    labels: Names
    singers: Names


def evaluate_style(bench: Bench) -> Sequence[Section]:
    """Judge style against timbre on emotions, on synthetic manners and, where it should fail, on singers."""
    methods = _methods(bench)
    recorded = bench.sets("singing", "speech", "stem")
    emotional = {name: clips for name, clips in recorded.items() if _several_emotions(clips)}
    bench.say("style: emotions of recorded singers")
    emotions = [_recorded(bench, name, clips, methods) for name, clips in emotional.items()]
    bench.say("style: manners of invented singers")
    manners = [_generated(name, clips, bench, methods) for name, clips in _manner_clips(bench).items()]
    bench.say("style: singers, which style should not tell")
    return [
        Section(
            "style-emotions",
            "Emotions of singers whom the probe has not met",
            [row for one in emotions for row in _class_rows(one, methods, bench.seed)],
            [_PROBE_NOTE, "An emotion is searched among the recordings of all other singers of the set."],
        ),
        Section(
            "style-manners",
            "Clear, breathy, pressed and vibrato voices of singers whom the probe has not met",
            [row for one in manners for row in _class_rows(one, methods, bench.seed)],
            [_PROBE_NOTE, _MANNERS_NOTE],
        ),
        Section(
            "style-singers",
            "Singers, told apart by cosine: style should do worse than timbre",
            list(chain.from_iterable(_singer_rows(bench, clips, methods) for clips in recorded.values())),
            ["The same singer with the same song is left out. EER among pairs of one voice gender."],
        ),
    ]


_PROBE_NOTE = (
    f"Probe: balanced accuracy of a logistic regression, {FOLDS} folds that share no singer, penalty chosen inside the "
    "fitted singers. Intervals: bootstrap over singers."
)
_MANNERS_NOTE = (
    f"Clips of {CLIP_S:g} s. Recorded voices: {RECORDED_SINGERS} measured speakers taken apart by WORLD, two vocal "
    "tracts each. Synthetic singers: glottal source and formants, each manner at 70 to 130 % of its usual distance "
    "from the singer's own way."
)


def _methods(bench: Bench) -> Mapping[str, Method]:
    encoder, version = bench.encoder, bench.encoder.model_version
    return {
        "timbre": Method(heard_timbre, version),
        "style": Method(lambda heard: encoder.style.embed(heard.frames, heard.pitch), version),
        "mean-mel": Method(_mean_mel, "1", baseline=True, standardised=True),
        "f0-statistics": Method(_f0_statistics, version, baseline=True, standardised=True),
    }


def _mean_mel(heard: Hearing) -> Vectors:
    """Mean log-mel spectrum of the frames that count, its level taken out."""
    spectrum = heard.frames.log_mel[heard.frames.chosen()].mean(axis=0)
    return np.asarray(spectrum - spectrum.mean(), dtype=np.float32)


def _f0_statistics(heard: Hearing) -> Vectors:
    """Mean, deviation, 10th, 50th and 90th percentile and mean step of the MIDI pitch; zeros without a voiced frame."""
    midi_pitch = heard.pitch.midi_pitch
    midi_pitch = midi_pitch[np.isfinite(midi_pitch)]
    if len(midi_pitch) < 2:
        return np.zeros(6, dtype=np.float32)
    quantiles = np.quantile(midi_pitch, [0.1, 0.5, 0.9])
    figures = [midi_pitch.mean(), midi_pitch.std(), *quantiles, np.abs(np.diff(midi_pitch)).mean()]
    return np.array(figures, dtype=np.float32)


def _several_emotions(clips: Sequence[Recording]) -> bool:
    emotions = {emotion for clip in clips if (emotion := _emotion(clip))}
    return len(emotions) > 1 and len({clip.singer for clip in clips}) >= FOLDS


def _emotion(clip: Recording) -> str:
    return clip.song.partition(EMOTION)[2]


def _recorded(bench: Bench, name: str, clips: Sequence[Recording], methods: Mapping[str, Method]) -> _Set:
    embedded = bench.embed([clip for clip in clips if _emotion(clip)], methods)
    vectors = {method: _scaled(embedded.matrix(method), one) for method, one in methods.items()}
    return _Set(
        name,
        vectors,
        np.array([_emotion(clip) for clip in embedded.recordings]),
        np.array([clip.singer for clip in embedded.recordings]),
    )


def _manner_clips(bench: Bench) -> Mapping[str, Iterable[MannerClip]]:
    """Clips of measured voices and of wholly synthetic singers, made as they are read."""
    spoken = [clip for clips in bench.folder.sets({"speech"}).values() for clip in clips] if _has_speech(bench) else []
    singers = sorted({clip.singer for clip in spoken})
    chosen = singers[:: max(len(singers) // RECORDED_SINGERS, 1)][:RECORDED_SINGERS]
    synthetic = (sung_by_synthetic_singer(number, bench.seed) for number in range(SYNTHETIC_SINGERS))
    found: dict[str, Iterable[MannerClip]] = {"synthetic singers": chain.from_iterable(synthetic)}
    if len(chosen) >= FOLDS:
        pieces = {
            singer: [bench.hear(clip).waveform for clip in spoken if clip.singer == singer][:_PIECES]
            for singer in chosen
        }
        sung = (sung_by_recorded_voice(singer, joined, bench.seed) for singer, joined in pieces.items())
        found["recorded voices"] = chain.from_iterable(sung)
    return found


def _has_speech(bench: Bench) -> bool:
    return any(clip.kind == "speech" and clip.use != "train" for clip in bench.folder.recordings)


def _generated(name: str, clips: Iterable[MannerClip], bench: Bench, methods: Mapping[str, Method]) -> _Set:
    rows: dict[str, list[Vectors]] = {method: [] for method in methods}
    labels, singers = [], []
    for clip in clips:
        heard = Hearing(clip.waveform, bench.encoder)
        for method, one in methods.items():
            rows[method].append(one.embed(heard))
        labels.append(clip.manner)
        singers.append(clip.voice)
    vectors = {method: _scaled(np.stack(found), methods[method]) for method, found in rows.items()}
    return _Set(name, vectors, np.array(labels), np.array(singers))


def _scaled(vectors: Vectors, method: Method) -> Vectors:
    """Give numbers without a common scale deviation one within the set."""
    if not method.standardised:
        return vectors
    return np.asarray((vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) + 1e-9), dtype=np.float32)


def _class_rows(one: _Set, methods: Mapping[str, Method], seed: int) -> Iterable[Row]:
    chance = np.random.default_rng(seed).normal(size=(len(one.labels), CHANCE_DIM)).astype(np.float32)
    for name, vectors in {**one.vectors, CHANCE: chance}.items():
        found = retrieve(vectors, one.labels, one.singers, seed)
        figures = {
            "probe": probe(vectors, one.labels, one.singers, seed),
            "nearest": found.nearest,
            "MAP": found.mean_average_precision,
        }
        yield Row(name, one.name, len(one.labels), figures, name == CHANCE or methods[name].baseline)


def _singer_rows(bench: Bench, clips: Sequence[Recording], methods: Mapping[str, Method]) -> Iterable[Row]:
    embedded = bench.embed(clips, methods)
    singers = [clip.singer for clip in embedded.recordings]
    works = [clip.work for clip in embedded.recordings]
    genders = [clip.voice_gender for clip in embedded.recordings]
    for name, method in methods.items():
        vectors = _scaled(embedded.matrix(name), method)
        figures = {
            "same-gender EER": same_gender_eer(vectors, singers, works, genders, bench.seed),
            "MAP": singer_map(vectors, singers, works, bench.seed),
        }
        yield Row(name, clips[0].set_name, len(singers), figures, method.baseline)
