"""Generated clips of invented singers, voice by voice, the same whatever order they are made in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.training.clip_plan import FRAME_S, plan_singing
from singalike.embeddings.training.effort import draw_effort, sing_steadily, sing_with_effort, speak_with_effort
from singalike.embeddings.training.generator import (
    SAMPLE_RATE,
    WARPS,
    PseudoSinger,
    VoiceAnalysis,
    articulate,
    at_level,
    invent_singer,
    render,
)
from singalike.embeddings.training.manners import Manner, random_manner
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.pitch_noise import tracked

PITCHED_S = 5.0
"""Length of a clip whose pitch is kept."""


@dataclass(frozen=True)
class VariedClips:
    """Clips of invented singers who use their voices in many ways.

    Attributes:
        warps: Vocal-tract warps, one invented singer of each recorded voice each.
        clips: Clean clips of each of them; more than six sung in one way did not help the linear part.
        spoken: How many of these are spoken.
        steady: How many of the sung ones, the last, are sung with an effort that moves no note; the others are drawn
            as they are without these.
        augmented: How many of the sung ones have a second copy with noise, room and equaliser.
        duration_s: Length of a clip in seconds.
    """

    warps: tuple[float, ...] = WARPS
    clips: int = 6
    spoken: int = 1
    steady: int = 0
    augmented: int = 1
    duration_s: float = 3.6


@dataclass(frozen=True, eq=False)
class Clip:
    """A generated clip and what it is made of.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        singer: Name of the invented singer: recorded voice and warp.
        warp: Vocal-tract warp of the singer.
        augmented: Whether noise, room and equaliser were added.
        spoken: Whether it is spoken instead of sung.
    """

    waveform: NDArray[np.float32]
    singer: str
    warp: float
    augmented: bool
    spoken: bool


def seeded(seed: int, *names: str) -> Generator:
    """Make a generator for one purpose, independent of every other purpose and of the order of work."""
    return np.random.default_rng([seed, *(byte for name in names for byte in name.encode())])


def invented_name(voice: str, warp: float) -> str:
    """Name the singer of a recorded voice and a warp of its tract; whoever draws chance by the name has the same."""
    return f"{voice}x{warp:.2f}"


def varied_clips(
    voice: VoiceAnalysis,
    name: str,
    melodies: Sequence[Melody],
    seed: int,
    settings: VariedClips,
) -> Iterator[Clip]:
    """Make singers of one recorded voice who sing and speak with more or less effort, no two clips articulated alike.

    Args:
        voice: The recorded voice.
        name: Whose it is.
        melodies: To choose from.
        seed: Of all chance.
        settings: How many clips of what.
    """
    for warp in settings.warps:
        singer_name = invented_name(name, warp)
        rng = seeded(seed, singer_name)
        singer = invent_singer(warp, rng)
        for index in range(settings.clips):
            if index == settings.clips - settings.steady:
                rng = seeded(seed, singer_name, "steady")
            spoken = index < settings.spoken
            waveform = _perform(voice, articulate(singer, rng), melodies, index, settings, rng)
            yield Clip(waveform, singer_name, singer.warp, False, spoken)
            if settings.spoken <= index < settings.spoken + settings.augmented:
                yield Clip(augment(waveform, rng), singer_name, singer.warp, True, spoken)


def _perform(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    melodies: Sequence[Melody],
    index: int,
    settings: VariedClips,
    rng: Generator,
) -> NDArray[np.float32]:
    manner, effort = random_manner(rng), draw_effort(rng)
    melody = melodies[int(rng.integers(len(melodies)))]
    if index < settings.spoken:
        return speak_with_effort(voice, singer, manner, effort, rng, settings.duration_s)
    sing = sing_steadily if index >= settings.clips - settings.steady else sing_with_effort
    return sing(voice, singer, manner, melody, effort, rng, settings.duration_s)


@dataclass(frozen=True, eq=False)
class PitchedClip:
    """A sung clip whose pitch is known, as some tracker might see it.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        pitch: Its pitch track.
    """

    waveform: NDArray[np.float32]
    pitch: PitchTrack


def pitched_clip(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    melodies: Sequence[Melody],
    rng: Generator,
    moved_semitones: float = 0.0,
) -> PitchedClip:
    """Let an invented singer sing five seconds in a given manner, and keep the pitch of it.

    Args:
        voice: The recorded voice.
        singer: The traits that make another person of it.
        manner: The way of singing.
        melodies: To choose from.
        rng: Source of all chance.
        moved_semitones: Added to where the melody would lie; within MIDI 36 to 84.
    """
    melody = melodies[int(rng.integers(len(melodies)))]
    plan = plan_singing(voice.f0_hz, voice.centre_midi, manner, melody, rng, PITCHED_S)
    plan = replace(plan, midi_pitch=np.clip(plan.midi_pitch + moved_semitones, 36.0, 84.0))
    waveform = render(voice, singer, manner, plan, rng)
    return PitchedClip(waveform, tracked(plan.midi_pitch, FRAME_S, rng))


def augment(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Send a clip through a random room, equaliser and noise, keeping its level."""
    coloured = fftconvolve(waveform, _equaliser(rng))[: len(waveform)]
    wet = fftconvolve(coloured, _room(rng))[: len(waveform)]
    level = np.sqrt(np.mean(wet**2)) + 1e-9
    noise = rng.normal(size=len(wet)) * level * 10 ** (-rng.uniform(15.0, 40.0) / 20)
    noisy = wet + noise
    return at_level(noisy)


def _equaliser(rng: Generator) -> NDArray[np.float64]:
    """A smooth random channel, about 4 dB deviation, as a filter of 256 taps."""
    knots = np.cumsum(rng.normal(0.0, 2.5, size=9))
    gain = 10 ** (np.interp(np.linspace(0, 8, 129), np.arange(9), knots - knots.mean()) / 20)
    taps = np.fft.irfft(gain)
    return np.roll(taps, 128) * np.hanning(256)


def _room(rng: Generator) -> NDArray[np.float64]:
    """Direct sound and a decaying tail of noise, 0.1 to 0.6 s."""
    decay_s = rng.uniform(0.1, 0.6)
    tail = rng.normal(size=round(decay_s * SAMPLE_RATE)) * np.exp(
        -6.9 * np.linspace(0, 1, round(decay_s * SAMPLE_RATE))
    )
    tail *= 10 ** (-rng.uniform(3.0, 20.0) / 20) / (np.sqrt(np.sum(tail**2)) + 1e-9)
    tail[0] += 1.0
    return np.asarray(tail)
