"""Clips of invented singers who sing or speak with a given expression, with the pitch that some tracker might see."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from singalike.audio.pitch import midi_to_hz
from singalike.embeddings.training.clip_plan import FRAME_S, ClipPlan, plan_singing, plan_speech
from singalike.embeddings.training.clips import PitchedClip
from singalike.embeddings.training.expressions import Expression
from singalike.embeddings.training.generator import SAMPLE_RATE, PseudoSinger, VoiceAnalysis, render
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.pitch_noise import tracked

LOWEST_MIDI, HIGHEST_MIDI = 38.0, 79.0
_TILT_BY_EFFORT_DB, _TILT_FROM_HZ = 2.5, 500.0
_FIRST_HARMONIC_BY_EFFORT_DB = -3.5
_FIRST_FORMANT_BY_EFFORT, _BREATH_BY_EFFORT = 0.07, 0.25
_EFFORT_BY_LEVEL = 0.05
_CENTRE_BY_WARP = 40.0
"""Semitones by which the pitch at rest rises with the logarithm of the warp: half of what parts women and men."""

_PHRASE_END_FRAMES, _PHRASE_START_FRAMES, _SWELL_FRAMES = 50, 30, 60


def expressive_clip(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    expression: Expression,
    melodies: Sequence[Melody],
    rng: Generator,
    duration_s: float,
) -> PitchedClip:
    """Let an invented singer sing or speak with an expression.

    Args:
        voice: The recorded voice.
        singer: The traits that make another person of it.
        expression: The way of singing or speaking.
        melodies: To choose from.
        rng: Source of all chance.
        duration_s: Length of the clip in seconds.
    """
    plan = _plan(voice, expression, melodies, rng, duration_s)
    rest_midi = voice.centre_midi + _CENTRE_BY_WARP * float(np.log(singer.warp))
    plan = _performed(plan, expression, rest_midi, rng)
    effort = _effort(plan, expression)
    shaped = replace(
        singer,
        low_warp=singer.low_warp * float(np.exp(_FIRST_FORMANT_BY_EFFORT * expression.effort)),
        high_warp=singer.high_warp * expression.smile,
        breathiness=singer.breathiness * float(np.exp(_BREATH_BY_EFFORT * expression.effort)),
    )
    colour_db = _colour_db(plan, effort, voice.log_envelope.shape[1])
    waveform = render(voice, shaped, expression.manner, plan, rng, colour_db)
    return PitchedClip(waveform, tracked(plan.midi_pitch, FRAME_S, rng))


def _plan(
    voice: VoiceAnalysis, expression: Expression, melodies: Sequence[Melody], rng: Generator, duration_s: float
) -> ClipPlan:
    if not expression.spoken:
        melody = melodies[int(rng.integers(len(melodies)))]
        return plan_singing(voice.f0_hz, voice.centre_midi, expression.manner, melody, rng, duration_s)
    plan = plan_speech(voice.f0_hz, rng, duration_s * expression.pace)
    at = np.minimum((np.arange(round(duration_s / FRAME_S)) * expression.pace).astype(np.int64), len(plan.position) - 1)
    return _unsteady(ClipPlan(plan.position[at], plan.midi_pitch[at], plan.level_db[at]), expression, rng)


def _unsteady(plan: ClipPlan, expression: Expression, rng: Generator) -> ClipPlan:
    """Give speech the span of its melody and the unsteadiness of the manner: jitter, shimmer and dynamics."""
    frames, manner = len(plan.midi_pitch), expression.manner
    middle = _middle(plan.midi_pitch)
    jitter = manner.jitter_semitones * uniform_filter1d(rng.normal(0.0, 1.7, frames), 3)
    knots = np.arange(0, frames + _SWELL_FRAMES, _SWELL_FRAMES)
    swell = np.interp(np.arange(frames), knots, rng.normal(size=len(knots)))
    level_db = plan.level_db + 0.7 * manner.dynamics_db * swell + manner.shimmer_db * rng.normal(size=frames)
    return replace(plan, midi_pitch=middle + (plan.midi_pitch - middle) * expression.span + jitter, level_db=level_db)


def _performed(plan: ClipPlan, expression: Expression, rest_midi: float, rng: Generator) -> ClipPlan:
    """Move a plan into the register, and shape the beginnings and ends of its phrases."""
    frames = len(plan.midi_pitch)
    middle_midi = rest_midi + expression.register_semitones + rng.normal(0.0, 1.0)
    pitch = plan.midi_pitch - _middle(plan.midi_pitch)
    level_db = plan.level_db + expression.loudness_by_pitch * np.clip(np.nan_to_num(pitch), -12.0, 12.0)
    pitch += float(np.clip(middle_midi, LOWEST_MIDI + 4.0, HIGHEST_MIDI - 4.0))
    phase = 2 * np.pi * rng.uniform(7.0, 11.0) * np.arange(frames) * FRAME_S
    pitch += expression.tremor_semitones * np.sin(phase + rng.uniform(0, 2 * np.pi))
    for start, end in _phrases(plan.midi_pitch):
        first = np.arange(start, min(start + _PHRASE_START_FRAMES, end))
        last = np.arange(max(end - _PHRASE_END_FRAMES, start), end)
        pitch[first] -= expression.scoop_semitones * np.exp(-(first - start) * FRAME_S / 0.06)
        pitch[last] -= expression.fall_semitones * ((last - last[0] + 1) / _PHRASE_END_FRAMES) ** 2
        if rng.random() < expression.creak:
            broken = last[len(last) // 3 :]
            pitch[broken] -= 12.0 - rng.normal(0.0, 1.0, len(broken))
            level_db[broken] -= 4.0
    return replace(plan, midi_pitch=np.clip(pitch, LOWEST_MIDI - 12.0, HIGHEST_MIDI + 4.0), level_db=level_db)


def _effort(plan: ClipPlan, expression: Expression) -> NDArray[np.float64]:
    """Effort from moment to moment: what is louder is also sung with more of it."""
    smooth_db = uniform_filter1d(plan.level_db, 20, mode="nearest")
    return np.asarray(expression.effort + _EFFORT_BY_LEVEL * np.clip(smooth_db - smooth_db.mean(), -10.0, 10.0))


def _colour_db(plan: ClipPlan, effort: NDArray[np.float64], bins: int) -> NDArray[np.float32]:
    """Slope and first harmonic that go with the effort, in dB, (frames, bins)."""
    hz = np.linspace(0.0, SAMPLE_RATE / 2, bins)
    octaves = np.log2(np.maximum(hz, _TILT_FROM_HZ) / _TILT_FROM_HZ)
    f0_hz = midi_to_hz(np.where(np.isfinite(plan.midi_pitch), plan.midi_pitch, LOWEST_MIDI))
    first_harmonic = np.exp(-((hz[None] / (1.4 * f0_hz[:, None])) ** 4)) * np.isfinite(plan.midi_pitch)[:, None]
    slope = _TILT_BY_EFFORT_DB * octaves[None] + _FIRST_HARMONIC_BY_EFFORT_DB * first_harmonic
    return np.asarray(effort[:, None] * slope, dtype=np.float32)


def _phrases(midi_pitch: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Voiced stretches of at least 80 ms, gaps below 60 ms bridged, as first and last frame + 1."""
    voiced = np.isfinite(midi_pitch)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    joined: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and start - joined[-1][1] < 12:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= 16]


def _middle(midi_pitch: NDArray[np.float64]) -> float:
    return float(np.nanmedian(midi_pitch)) if np.isfinite(midi_pitch).any() else 55.0
