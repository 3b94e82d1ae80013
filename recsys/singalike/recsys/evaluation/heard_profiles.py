"""Whole profiles of measured recordings, from vectors that the bench keeps between runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from singalike.audio.quality import QualityReport
from singalike.audio.resample import resample
from singalike.audio.separation import best_separator
from singalike.audio.sound import Waveform
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.timbre_methods import heard_timbre
from singalike.embeddings.profile import Segments, Vectors, VocalRange, VoiceProfile

MIXTURE = "mixture"
_PITCHES = 5
"""Numbers before the histogram in the row of a vocal range: lowest, highest, tessitura and voiced seconds."""


@dataclass(frozen=True, eq=False)
class Take:
    """A recording, or a half of one, that was heard.

    Attributes:
        name: Of the recording, and which half.
        singer: Who.
        work: Which song; the halves of a recording count as two.
        profile: What the ear says.
    """

    name: str
    singer: str
    work: str
    profile: VoiceProfile


def hear_takes(bench: Bench, recordings: Sequence[Recording], *, halves: bool) -> tuple[list[Take], list[str]]:
    """Listen to recordings, or to both halves of each; vocals are separated out of mixtures first.

    Args:
        bench: Ear and cache.
        recordings: Of one set.
        halves: Whether to take the halves of each recording for two songs.

    Returns:
        What was heard, and the names of what the ear refuses.
    """
    parts = (1, 2) if halves else (0,)
    wanted = {f"{bench.digest(one)}-{part}": (one, part) for one in recordings for part in parts}
    vocals = _Vocals(bench)
    sounds: dict[str, Callable[[], Hearing]] = {name: partial(vocals.hear, *what) for name, what in wanted.items()}
    heard = hear_sounds(bench, sounds, vocals.title)
    takes = [
        Take(
            f"{one.name} {('', 'first half', 'second half')[part]}".rstrip(),
            one.singer,
            one.work if not part else f"{one.work} {part}",
            heard[name],
        )
        for name, (one, part) in wanted.items()
        if name in heard
    ]
    return takes, [one.name for name, (one, _) in wanted.items() if name not in heard]


def hear_sounds(bench: Bench, sounds: Mapping[str, Callable[[], Hearing]], title: str) -> Mapping[str, VoiceProfile]:
    """Make profiles of any sounds; what an earlier run has heard is read from the cache.

    Args:
        bench: Ear and cache.
        sounds: Makers of the sounds, by names that stand for their content.
        title: What was done to them, part of the cache's key.

    Returns:
        Profiles by name, without those that the ear refuses.
    """
    arrays, refused = bench.embed_sounds(sounds, _methods(bench), title)
    return {
        name: _profile({method: kept[name] for method, kept in arrays.items()}, bench.encoder.model_version)
        for name in sounds
        if name not in refused
    }


class _Vocals:
    """Cuts recordings; keeps the vocals of the last mixture, because both halves need the same ones."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._separator = best_separator()
        self._last: tuple[str, Waveform] | None = None

    @property
    def title(self) -> str:
        """What was done to the recordings, for the cache: another separator gives other vocals."""
        return f"takes-{self._separator.name}-{self._separator.version}"

    def hear(self, recording: Recording, part: int) -> Hearing:
        """Return the whole recording for part 0, its first half for 1 and its second for 2."""
        waveform = self._waveform(recording)
        middle = len(waveform) // 2
        return Hearing((waveform, waveform[:middle], waveform[middle:])[part], self._bench.encoder)

    def _waveform(self, recording: Recording) -> Waveform:
        if recording.kind != MIXTURE:
            return self._bench.hear(recording).waveform
        if self._last is None or self._last[0] != recording.name:
            vocals = self._separator.separate(self._bench.decode(recording.file.read_bytes())).mono()
            self._last = (recording.name, resample(vocals, SAMPLE_RATE).waveform[0])
        return self._last[1]


def _methods(bench: Bench) -> Mapping[str, Method]:
    version = bench.encoder.model_version
    return {
        "timbre": Method(heard_timbre, version),
        "profile style": Method(lambda heard: heard.profile.style, version),
        "profile melody": Method(lambda heard: heard.profile.melody, version),
        "profile segments": Method(lambda heard: heard.profile.segments.timbre, version),
        "profile female": Method(lambda heard: np.array([heard.profile.female_probability], np.float32), version),
        "profile range": Method(lambda heard: _range_row(heard.profile.vocal_range), version),
    }


def _range_row(found: VocalRange) -> Vectors:
    pitches = (found.lowest_midi, found.highest_midi, *found.tessitura_midi, found.voiced_s)
    return np.concatenate([np.array(pitches), found.seconds_per_semitone]).astype(np.float32)


def _profile(arrays: Mapping[str, Vectors], model_version: str) -> VoiceProfile:
    pitches, histogram = arrays["profile range"][:_PITCHES], arrays["profile range"][_PITCHES:]
    lowest, highest, low, high, voiced_s = (float(value) for value in pitches)
    timbre = arrays["profile segments"]
    starts = np.arange(len(timbre), dtype=np.float64)
    nothing = np.zeros((len(timbre), 0), dtype=np.float32)
    return VoiceProfile(
        timbre=arrays["timbre"],
        style=arrays["profile style"],
        melody=arrays["profile melody"],
        segments=Segments(starts, starts + 1.0, timbre, nothing, nothing),
        female_probability=float(arrays["profile female"][0]),
        vocal_range=VocalRange(lowest, highest, (low, high), voiced_s, histogram),
        quality=QualityReport(voiced_s, voiced_s, np.inf, 0.0, more_than_one_voice=False, advice=()),
        model_version=model_version,
    )
