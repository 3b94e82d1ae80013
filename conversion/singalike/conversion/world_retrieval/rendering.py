"""From a moved envelope to sound: a filter on the recording itself, or WORLD.

The filter keeps breath, phases and everything that WORLD's model of a voice leaves out, so nothing buzzes.
"""

from typing import Protocol

import numpy as np
import pyworld
import scipy.fft
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.conversion.world_retrieval.analysis import HOP_S, RATE, Frames, analyse, envelope_basis
from singalike.conversion.world_retrieval.pitch_shift import with_moved_pitch

Floats = NDArray[np.float32]

LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -36.0, 24.0
MOST_CORRECTION_DB = 15.0
_HOPS_A_WINDOW = 4
_TRANSFORM_S = 0.04
_BLOCK = 1024
_LEVEL_S = 0.02
_FLOOR = 1e-7


class Renderer(Protocol):
    """Makes sound of a piece."""

    def __call__(self, source: Sound, working: Sound, frames: Frames, cepstra: Floats, key_shift: float, /) -> Waveform:
        """Sing.

        Args:
            source: Mono, any rate.
            working: The same at 24 000 Hz.
            frames: Its analysis.
            cepstra: float32 (frames, 60), the envelope to sing with.
            key_shift: Semitones.

        Returns:
            float32 (samples,) at the rate of the source, as long and as loud as it.
        """
        ...


def sung_by_filter(source: Sound, working: Sound, frames: Frames, cepstra: Floats, key_shift: float) -> Waveform:
    """Move the periods of the recording to the new pitch, and filter what came of it."""
    if not key_shift:
        return with_loudness_of(source, filtered(source, cepstra - frames.cepstra))
    moved = Sound(with_moved_pitch(source, frames.f0_hz, HOP_S, key_shift)[None], source.sample_rate)
    # Periods laid at other distances blur the envelope a little: the filter is measured on them and undoes that too.
    f0_hz = frames.f0_hz.astype(np.float64) * 2.0 ** (key_shift / 12.0)
    at_hand = Sound(_at_rate(moved.waveform[0], moved.sample_rate, RATE, working.waveform.shape[-1])[None], RATE)
    return with_loudness_of(source, filtered(moved, cepstra - analyse(at_hand, f0_hz).cepstra))


def sung_by_world(source: Sound, working: Sound, frames: Frames, cepstra: Floats, key_shift: float) -> Waveform:
    """Filter the recording where the pitch stays, and let WORLD sing where it moves."""
    if key_shift:
        sung = vocoded(working, frames, cepstra, key_shift)
        waveform = _at_rate(sung, RATE, source.sample_rate, source.waveform.shape[-1])
    else:
        waveform = filtered(source, cepstra - frames.cepstra)
    return with_loudness_of(source, waveform)


def filtered(source: Sound, change: Floats) -> Waveform:
    """Filter a voice with an envelope that changes every 5 ms.

    Windows of 20 ms add up to the source exactly, so that no change is no change. Gains have zero phase.

    Args:
        source: Mono, any rate.
        change: float32 (frames, 60), converted minus source mel-cepstra; c0 included.

    Returns:
        float32 (samples,) at the rate of the source; above 12 kHz the gain is that at 12 kHz.
    """
    rate, samples = source.sample_rate, source.waveform.shape[-1]
    hop = HOP_S * rate
    window = 2 * round(_HOPS_A_WINDOW * hop / 2)
    length = scipy.fft.next_fast_len(round(_TRANSFORM_S * rate), real=True)
    basis = _gain_basis(rate, length)
    # Frames beyond either end carry the windows that reach into the sound.
    frames = np.arange(-_HOPS_A_WINDOW, round(samples / hop) + _HOPS_A_WINDOW)
    starts = np.round(frames * hop).astype(np.int64) - window // 2
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    before = int(-starts[0]) + length
    padded = np.pad(source.waveform[0], (before, before + length))
    out, weight = np.zeros(len(padded), np.float32), np.zeros(len(padded), np.float32)
    low, high = (db * np.log(10.0) / 20.0 for db in (LOWEST_GAIN_DB, HIGHEST_GAIN_DB))
    offset = (length - window) // 2
    for block in range(0, len(frames), _BLOCK):
        places = starts[block : block + _BLOCK] + before
        rows = np.clip(frames[block : block + _BLOCK], 0, len(change) - 1)
        gains = np.exp(np.clip(change[rows] @ basis, low, high))
        pieces = padded[places[:, None] + np.arange(window)] * shape
        spectrum = scipy.fft.rfft(np.pad(pieces, ((0, 0), (offset, length - window - offset))), axis=1)
        shaped = scipy.fft.irfft(spectrum * gains, length, axis=1)
        for place, row in zip(places, shaped, strict=True):
            out[place - offset : place - offset + length] += row
            weight[place : place + window] += shape
    inside = slice(before, before + samples)
    return np.asarray(out[inside] / np.maximum(weight[inside], 1e-3), dtype=np.float32)


def vocoded(source: Sound, frames: Frames, cepstra: Floats, key_shift: float) -> Waveform:
    """Sing with WORLD: another pitch, the breath of the source.

    Args:
        source: Mono at 24 000 Hz.
        frames: Its analysis.
        cepstra: float32 (frames, 60), the envelope to sing with.
        key_shift: Semitones.

    Returns:
        float32 (samples,) at 24 000 Hz.
    """
    waveform = np.ascontiguousarray(source.waveform[0], dtype=np.float64)
    f0_hz = frames.f0_hz.astype(np.float64)
    bins = pyworld.get_cheaptrick_fft_size(RATE)
    aperiodicity = pyworld.d4c(waveform, f0_hz, np.arange(len(frames)) * HOP_S, RATE, fft_size=bins)
    envelope = np.exp(np.asarray(cepstra, dtype=np.float64) @ envelope_basis())
    moved_hz = f0_hz * 2.0 ** (key_shift / 12.0)
    sung = pyworld.synthesize(moved_hz, envelope, aperiodicity, RATE, 1000.0 * HOP_S)
    missing = max(0, len(waveform) - len(sung))
    return np.pad(sung, (0, missing))[: len(waveform)].astype(np.float32)


def with_loudness_of(source: Sound, converted: Waveform) -> Waveform:
    """Let a converted voice swell and fade as its source does.

    Args:
        source: Mono.
        converted: float32 (samples,), as long and at its rate.

    Returns:
        float32 (samples,), moved by 15 dB at most.
    """
    step = round(_LEVEL_S * source.sample_rate)
    wanted, is_now = _levels(source.waveform[0], step), _levels(converted, step)
    most = 10.0 ** (MOST_CORRECTION_DB / 20.0)
    gain = np.clip(np.sqrt((wanted + _FLOOR**2) / (is_now + _FLOOR**2)), 1.0 / most, most)
    places = (np.arange(len(gain)) + 0.5) * step
    return np.asarray(converted * np.interp(np.arange(len(converted)), places, gain), dtype=np.float32)


def _at_rate(waveform: Waveform, rate: int, wanted_rate: int, samples: int) -> Waveform:
    """Bring a waveform to another rate and exactly so many samples."""
    moved = resample(Sound(waveform[None], rate), wanted_rate).waveform[0]
    return np.pad(moved, (0, max(0, samples - len(moved))))[:samples]


def _levels(waveform: Waveform, step: int) -> NDArray[np.float64]:
    """Mean square of every step, smoothed over three."""
    steps = -(-len(waveform) // step)
    power = np.square(np.pad(waveform, (0, steps * step - len(waveform))).astype(np.float64)).reshape(steps, step)
    return np.convolve(np.pad(power.mean(axis=1), 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")


def _gain_basis(rate: int, length: int) -> Floats:
    """Matrix from mel-cepstra to the logarithm of amplitude gains, (60, length // 2 + 1)."""
    basis = envelope_basis() / 2.0
    known_hz = np.linspace(0.0, RATE / 2, basis.shape[1])
    wanted_hz = np.arange(length // 2 + 1) * rate / length
    return np.stack([np.interp(wanted_hz, known_hz, row) for row in basis]).astype(np.float32)
