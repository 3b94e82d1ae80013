"""Change a long sound in the frequency domain, a few seconds at a time."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.separation.stft import Spectra, Stft
from singalike.audio.sound import Waveform
from singalike.audio.watching import Watch

FRAME_S = 0.093
"""Long enough that harmonics of two voices lie in bins of their own."""

BLOCK_FRAMES, MARGIN_FRAMES = 256, 8
"""Frames of a block, and frames beside it that its own look at."""

Value = TypeVar("Value", bound=np.generic)

Floats = NDArray[np.float32]
Change = Callable[[Sequence[Spectra], slice], Spectra]
"""Takes the spectra of all channels, complex64 (frames, bins) each, and which frames of the whole these are; gives one
spectrum of the same shape. What it does to a frame depends on at most MARGIN_FRAMES to both sides."""


def frame_length(sample_rate: int) -> int:
    """Return the power of two nearest to FRAME_S."""
    return 1 << round(math.log2(FRAME_S * sample_rate))


def bins_hz(sample_rate: int) -> Floats:
    """Return the frequency of every bin, float32 (bins,)."""
    length = frame_length(sample_rate)
    return np.asarray(np.arange(length // 2 + 1) * (sample_rate / length), dtype=np.float32)


def changed_in_blocks(waveform: Waveform, sample_rate: int, change: Change, watch: Watch) -> Waveform:
    """Change a sound.

    Args:
        waveform: float32 (channels, samples).
        sample_rate: In Hz.
        change: What is done to the spectra.
        watch: Sees how far the work is, and may stop it.

    Returns:
        float32 (samples,), the same as if all had been done at once.
    """
    stft, samples = Stft(frame_length(sample_rate)), waveform.shape[-1]
    hop, changed = stft.hop, np.empty(samples, np.float32)
    for first in range(0, samples, BLOCK_FRAMES * hop):
        last = min(first + BLOCK_FRAMES * hop, samples)
        start, end = max(first - MARGIN_FRAMES * hop, 0), min(last + MARGIN_FRAMES * hop, samples)
        spectra = [stft.analyse(channel[start:end]) for channel in waveform]
        frames = slice(start // hop, start // hop + len(spectra[0]))
        rebuilt = stft.rebuild(change(spectra, frames), end - start)
        changed[first:last] = rebuilt[first - start : last - start]
        watch(last / samples)
    return changed


def at_frames(values: NDArray[Value], hop_s: float, frames: slice, sample_rate: int) -> NDArray[Value]:
    """Return the values nearest to the middles of frames.

    Args:
        values: Shape (values,), value i is of the moment i * hop_s.
        hop_s: In seconds.
        frames: Which frames of the whole sound.
        sample_rate: Of that sound.
    """
    times_s = np.arange(frames.start, frames.stop) * (frame_length(sample_rate) // 2 / sample_rate)
    return values[np.clip(np.round(times_s / hop_s).astype(np.intp), 0, len(values) - 1)]


def off_harmonic_hz(pitch: PitchTrack, frames: slice, sample_rate: int) -> Floats:
    """Say how far every bin lies from the nearest harmonic of a voice.

    Returns:
        float32 (frames, bins), in Hz; infinite where the voice is unvoiced, and below its fundamental's neighbourhood.
    """
    f0_hz = at_frames(pitch.f0_hz, pitch.hop_s, frames, sample_rate)[:, None]
    with np.errstate(invalid="ignore"):
        order = np.maximum(np.round(bins_hz(sample_rate)[None] / f0_hz), 1.0)
        off = np.abs(bins_hz(sample_rate)[None] - order * f0_hz)
    return np.where(np.isfinite(off), off, np.float32(np.inf)).astype(np.float32)


def below_fundamental(pitch: PitchTrack, frames: slice, sample_rate: int, reach_hz: float) -> NDArray[np.bool_]:
    """Mark the bins that lie under the fundamental of a voice by more than a reach, bool (frames, bins)."""
    f0_hz = at_frames(pitch.f0_hz, pitch.hop_s, frames, sample_rate)[:, None]
    with np.errstate(invalid="ignore"):
        return np.asarray(bins_hz(sample_rate)[None] < f0_hz - 1.5 * reach_hz)
