"""Clips sung clear, breathy, pressed and with vibrato by singers that nobody trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.synthesis import SingerVoice, compose_melody, draw_singer
from singalike.audio.synthesis import sing as sing_synthetically
from singalike.embeddings.training.clips import seeded
from singalike.embeddings.training.generator import SAMPLE_RATE, analyse_voice, invent_singer, sing
from singalike.embeddings.training.manners import NAMED
from singalike.embeddings.training.melodies import scale_melody

CLIPS_PER_MANNER = 3
CLIP_S = 4.0
_LONGEST_RECORDED_S = 12.0
_WARPS = (0.93, 1.07)
_MELODIES = 20


@dataclass(frozen=True, eq=False)
class MannerClip:
    """A generated clip.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        manner: A key of `NAMED`.
        voice: Whose voice is behind it: singers of one voice never stand on both sides of a fit.
    """

    waveform: NDArray[np.float32]
    manner: str
    voice: str


def sung_by_recorded_voice(
    name: str, pieces: Sequence[NDArray[np.float32]], seed: int, clips: int = CLIPS_PER_MANNER
) -> Iterator[MannerClip]:
    """Let one recorded voice sing in every manner, with two vocal tracts near its own.

    Args:
        name: Whose voice it is.
        pieces: Waveforms (samples,) at 16 000 Hz, joined; 12 s are enough.
        seed: Of all chance.
        clips: Of each manner and vocal tract.
    """
    voice = analyse_voice(np.concatenate(pieces)[: round(_LONGEST_RECORDED_S * SAMPLE_RATE)])
    rng = seeded(seed, "sung manners", name)
    melodies = [scale_melody(rng) for _ in range(_MELODIES)]
    for warp in _WARPS:
        singer = invent_singer(warp, rng)
        for manner, traits in NAMED.items():
            for _ in range(clips):
                melody = melodies[int(rng.integers(_MELODIES))]
                yield MannerClip(sing(voice, singer, traits, melody, rng, CLIP_S), manner, name)


def sung_by_synthetic_singer(
    number: int, seed: int, manners: Sequence[str] = tuple(NAMED), clips: int = CLIPS_PER_MANNER
) -> Iterator[MannerClip]:
    """Let one wholly synthetic singer sing in several manners.

    Args:
        number: Of the singer; even numbers are female voices.
        seed: Of all chance.
        manners: Keys of `NAMED`.
        clips: Of each manner.
    """
    rng = seeded(seed, "synthetic manners", str(number))
    voice = draw_singer(rng, "female" if number % 2 == 0 else "male")
    for manner in manners:
        for _ in range(clips):
            centre_midi, tempo_bpm = voice.centre_midi + float(rng.normal()), float(rng.uniform(80.0, 120.0))
            melody = compose_melody(rng, centre_midi, CLIP_S, tempo_bpm=tempo_bpm)
            sound = resample(sing_synthetically(synthetic_manner(voice, manner, rng), melody, rng=rng), SAMPLE_RATE)
            yield MannerClip(sound.waveform[0], manner, f"synthetic {number}")


def synthetic_manner(voice: SingerVoice, manner: str, rng: Generator) -> SingerVoice:
    """Move a synthetic singer from their own way of singing towards a manner; no two clips go equally far.

    Args:
        voice: The singer.
        manner: A key of `NAMED`.
        rng: Source of all chance.
    """
    far = float(rng.uniform(0.7, 1.3))
    steady = replace(voice, vibrato_cents=float(rng.uniform(0.0, 12.0)))
    if manner == "breathy":
        return replace(
            steady,
            breathiness_db=min(voice.breathiness_db + 10.0 * far, -5.0),
            open_quotient=min(voice.open_quotient + 0.10 * far, 0.9),
            tilt_db=voice.tilt_db + 7.0 * far,
            attack_s=voice.attack_s + 0.05 * far,
        )
    if manner == "pressed":
        return replace(
            steady,
            breathiness_db=voice.breathiness_db - 6.0 * far,
            open_quotient=max(voice.open_quotient - 0.15 * far, 0.35),
            tilt_db=max(voice.tilt_db - 5.0 * far, 0.5),
            attack_s=max(voice.attack_s - 0.03 * far, 0.015),
        )
    if manner == "vibrato":
        return replace(steady, vibrato_cents=70.0 * far, vibrato_delay_s=0.15, vibrato_hz=float(rng.uniform(5.0, 6.5)))
    return replace(steady, breathiness_db=voice.breathiness_db - 4.0 * far)
