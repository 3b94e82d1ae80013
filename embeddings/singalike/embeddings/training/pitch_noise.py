"""Pitch tracks as trackers see them: late, smoothed, a little wrong and sometimes an octave off."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from singalike.audio.pitch import PitchTrack, midi_to_hz


def tracked(midi_pitch: NDArray[np.float64], frame_s: float, rng: Generator) -> PitchTrack:
    """Spoil the true pitch of a generated clip as some tracker might.

    Smoothing, resolution, noise, octave errors and wrong voicing are drawn anew for every clip, so that nothing fitted
    on the result depends on one tracker.

    Args:
        midi_pitch: True MIDI pitch (frames,), NaN where unvoiced.
        frame_s: Seconds from one frame to the next.
        rng: Source of all chance.
    """
    hop_s = float(rng.choice([0.005, 0.01, 0.016]))
    frames = int(len(midi_pitch) * frame_s / hop_s)
    nearest = np.minimum((np.arange(frames) * hop_s / frame_s).astype(np.int64), len(midi_pitch) - 1)
    pitch = midi_pitch[nearest]
    voiced = np.isfinite(pitch)
    if not voiced.any():
        return PitchTrack(np.full(frames, np.nan, np.float32), np.zeros(frames, np.float32), hop_s)
    index = np.flatnonzero(voiced)
    pitch = np.interp(np.arange(frames), index, pitch[index])
    pitch = uniform_filter1d(pitch, max(round(rng.uniform(0.005, 0.05) / hop_s), 1), mode="nearest")
    if rng.random() < 0.3:
        step = rng.uniform(0.05, 0.3)
        pitch = np.round(pitch / step) * step
    pitch += rng.normal(0.0, rng.uniform(0.0, 0.08), frames)
    pitch += 12.0 * _stretches(frames, rng.uniform(0.0, 0.03), rng) * rng.choice([-1.0, 1.0])
    voiced = voiced & ~_stretches(frames, rng.uniform(0.0, 0.06), rng)
    f0_hz = np.where(voiced, midi_to_hz(pitch), np.nan).astype(np.float32)
    return PitchTrack(f0_hz, voiced.astype(np.float32), hop_s)


def _stretches(frames: int, share: float, rng: Generator) -> NDArray[np.bool_]:
    """Mark about a share of the frames, in stretches of eight."""
    starts = rng.random(frames) < share / 8
    return np.convolve(starts, np.ones(8))[:frames] > 0
