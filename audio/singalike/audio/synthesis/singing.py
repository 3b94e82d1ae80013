"""Sing: glottal source, breath and consonants through a moving vocal tract.

The filter moves from frame to frame: windowed pieces of the source are filtered in the frequency domain and overlapped.
With a Hann window of two hops the pieces add up to the source exactly, so a tract that stands still is a plain filter.
"""

from collections.abc import Iterator

import numpy as np
import scipy.fft
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.pitch import midi_to_hz
from singalike.audio.sound import Sound
from singalike.audio.synthesis.consonants import consonant_noise
from singalike.audio.synthesis.expression import Performance, consonant_s, perform
from singalike.audio.synthesis.melody import Melody
from singalike.audio.synthesis.source import breath, breath_gain, glottal_phase, glottal_spectrum, pulse_train
from singalike.audio.synthesis.tract import bandwidths_hz, colour_gain, tract_response
from singalike.audio.synthesis.voice import SingerVoice
from singalike.errors import InvalidInputError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SAMPLE_RATE = 24_000
VOCAL_DBFS = -20.0
"""RMS of the sounding parts of every vocal: voices differ in timbre, never in level."""

_HOPS = 8
"""Hops in a transform: two hold the windowed source, one the anticausal glottal pulse, the rest the ringing tract."""
_BLOCK_FRAMES = 1024
_TIGHTER_BY_EFFORT = 0.07
_BRIGHTER_BY_EFFORT_DB = 5.0


def sing(voice: SingerVoice, melody: Melody, sample_rate: int = SAMPLE_RATE, rng: Generator | None = None) -> Sound:
    """Sing a melody a cappella in a dry room.

    Args:
        voice: Who sings.
        melody: What.
        sample_rate: Of the result, 16 000 to 48 000 Hz.
        rng: Source of randomness; the same state gives the same samples. None is `default_rng(0)`.

    Returns:
        Mono sound, float32 (1, samples) of `melody.duration_s`; the sounding parts have an RMS of -20 dBFS, less where
        peaks would clip.

    Raises:
        InvalidInputError: MELODY_EMPTY, no notes; SAMPLE_RATE_UNSUPPORTED.
    """
    if not melody.notes:
        raise InvalidInputError("MELODY_EMPTY", "a melody needs at least one note")
    if not 16_000 <= sample_rate <= 48_000:
        raise InvalidInputError("SAMPLE_RATE_UNSUPPORTED", f"cannot sing at {sample_rate} Hz: choose 16000 to 48000")
    performance_rng, source_rng, consonant_rng = (rng or np.random.default_rng(0)).spawn(3)
    samples = round(melody.duration_s * sample_rate)
    length = 1024 if sample_rate <= 24_000 else 2048
    hop = length // _HOPS
    times_s = np.arange(samples // hop + 2) * hop / sample_rate
    performance = perform(voice, melody, times_s, 0.47 * sample_rate, performance_rng)
    sources = _sources(voice, performance, samples, hop, sample_rate, source_rng)
    vocal = _filtered(voice, performance, sources, length, sample_rate)[:samples]
    vocal /= max(_sounding_rms(vocal), 1e-9)
    _add_consonants(vocal, voice, melody, sample_rate, consonant_rng)
    vocal *= 10.0 ** (VOCAL_DBFS / 20.0)
    peak = float(np.abs(vocal).max())
    return Sound((vocal * min(1.0, 0.98 / max(peak, 1e-9))).astype(np.float32)[None, :], sample_rate)


def _sources(
    voice: SingerVoice, performance: Performance, samples: int, hop: int, sample_rate: int, rng: Generator
) -> tuple[Singles, Singles]:
    jitter_rng, shimmer_rng, breath_rng = rng.spawn(3)
    at, frames = np.arange(samples), np.arange(len(performance.f0_hz)) * hop
    f0_hz = np.interp(at, frames, performance.f0_hz)
    phase = glottal_phase(f0_hz, sample_rate, voice.jitter, jitter_rng)
    pulses = pulse_train(phase, f0_hz, sample_rate, voice.shimmer_db, shimmer_rng)
    pulses *= np.interp(at, frames, performance.voice_gain)
    noise = breath(phase, breath_rng) * np.interp(at, frames, performance.breath_gain)
    return pulses.astype(np.float32), noise.astype(np.float32)


def _filtered(
    voice: SingerVoice, performance: Performance, sources: tuple[Singles, Singles], length: int, sample_rate: int
) -> Floats:
    hop, frames = length // _HOPS, len(performance.f0_hz)
    bins_hz = np.linspace(0.0, 0.5 * sample_rate, length // 2 + 1, dtype=np.float64)
    colour = colour_gain(voice, bins_hz)
    hiss = breath_gain(voice, float(midi_to_hz(np.array(voice.centre_midi))), bins_hz, sample_rate)
    widths_hz = bandwidths_hz(voice, performance.formants_hz.shape[1])
    overlapped = np.zeros((frames + _HOPS, hop))
    pulse_pieces, breath_pieces = (_pieces(source, frames, hop) for source in sources)
    for block in _blocks(frames):
        effort = performance.effort[block]
        glottis = glottal_spectrum(
            bins_hz,
            performance.f0_hz[block],
            np.clip(voice.open_quotient - _TIGHTER_BY_EFFORT * effort, 0.3, 0.95),
            voice.asymmetry,
            np.maximum(voice.tilt_db - _BRIGHTER_BY_EFFORT_DB * effort, 0.5),
        )
        spectrum = _transform(pulse_pieces, block, length) * glottis + _transform(breath_pieces, block, length) * hiss
        spectrum *= tract_response(performance.formants_hz[block], widths_hz, sample_rate, length)
        spectrum *= colour
        parts = scipy.fft.irfft(spectrum, length, axis=1).reshape(-1, _HOPS, hop)
        for part in range(_HOPS):
            overlapped[block.start + part : block.stop + part] += parts[:, part]
    # A piece begins one hop before its centre and stands one hop into its buffer: two hops are in front of time 0.
    return np.asarray(overlapped.reshape(-1)[2 * hop :])


def _blocks(frames: int) -> Iterator[slice]:
    for start in range(0, frames, _BLOCK_FRAMES):
        yield slice(start, min(start + _BLOCK_FRAMES, frames))


def _pieces(source: Singles, frames: int, hop: int) -> Singles:
    padded = np.zeros((frames + 1) * hop, dtype=np.float32)
    padded[hop : hop + len(source)] = source
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]


def _transform(pieces: Singles, block: slice, length: int) -> NDArray[np.complex64]:
    hop = length // _HOPS
    window = (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)).astype(np.float32)
    buffer = np.zeros((block.stop - block.start, length), dtype=np.float32)
    buffer[:, hop : 3 * hop] = pieces[block] * window
    return np.asarray(scipy.fft.rfft(buffer, axis=1))


def _sounding_rms(vocal: Floats) -> float:
    power = vocal[: len(vocal) // 480 * 480].reshape(-1, 480) ** 2
    means = power.mean(axis=1)
    sounding = means > 1e-3 * means.max()
    return float(np.sqrt(means[sounding].mean()))


def _add_consonants(vocal: Floats, voice: SingerVoice, melody: Melody, sample_rate: int, rng: Generator) -> None:
    for index, note in enumerate(melody.notes):
        noise = consonant_noise(voice, note.consonant, consonant_s(melody, index), sample_rate, rng)
        end = round(note.start_s * sample_rate)
        vocal[end - len(noise) : end] += noise
