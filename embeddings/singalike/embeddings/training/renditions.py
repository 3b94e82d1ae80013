"""Phrases rendered with voices that nobody has: a pulse train and noise through moving vocal tracts.

The voice is a closed-form band-limited pulse train plus noise, both filtered frame by frame with the envelope of a
formant model or of an open recording. Then come a room, an accompaniment, noise and a colouring. Everything is drawn
from one generator, a few milliseconds a second of sound.

Source:
    Sum of equal harmonics: Stilson & Smith 1996, Alias-free digital synthesis of classic analog waveforms, eq. 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from singalike.embeddings.training.contours import FRAME_S, Contour, plan_contour, vary
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.recorded_voices import BINS, HOP_LENGTH, SAMPLE_RATE, RecordedVoice
from singalike.embeddings.training.rooms import colour

_FFT = 2 * (BINS - 1)
_BIN_HZ = np.linspace(0.0, SAMPLE_RATE / 2, BINS)
_WINDOW = np.hanning(_FFT + 1)[:_FFT].astype(np.float32)
_VOWELS_HZ = np.array([
    [300, 2250, 3000], [400, 2100, 2700], [560, 1850, 2600], [750, 1350, 2600], [650, 1050, 2500],
    [480, 850, 2500], [330, 800, 2350], [500, 1450, 2450], [320, 1750, 2300], [270, 1100, 2300],
], dtype=np.float64)  # fmt: skip
"""First three formants of ten vowels and murmurs of a middling vocal tract, in Hz."""


@dataclass(frozen=True, eq=False)
class Rendition:
    """A rendered phrase and what was sung in it.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        midi_pitch: float32 (frames,), one every 8 ms, NaN where unvoiced.
    """

    waveform: NDArray[np.float32]
    midi_pitch: NDArray[np.float32]


def render(
    line: NoteLine, length_s: float, recordings: Sequence[RecordedVoice], rng: Generator, borrowed_share: float = 0.5
) -> Rendition:
    """Let an invented voice sing a phrase, in its own key, tempo, room and company.

    Args:
        line: The phrase; may be longer than what is rendered.
        length_s: Length of the result in seconds.
        recordings: Voices whose envelopes are borrowed; may be empty.
        rng: Source of all chance.
        borrowed_share: How often one is borrowed, in [0, 1]; otherwise the tract is a formant model.
    """
    varied = vary(line, rng, float(np.exp(rng.uniform(-0.2, 0.2)))).cut(0.0, length_s)
    contour = plan_contour(varied, length_s, rng)
    borrowed = len(recordings) > 0 and rng.random() < borrowed_share
    tract = _borrowed_tract(contour, recordings, rng) if borrowed else _formant_tract(contour, rng)
    voice = _voice(contour, tract, rng)
    midi_pitch = np.where(contour.voiced, contour.midi_pitch, np.nan).astype(np.float32)
    return Rendition(colour(voice, varied, rng), midi_pitch)


def _formant_tract(contour: Contour, rng: Generator) -> NDArray[np.float32]:
    """Log amplitude envelopes (frames, bins) of vowels that change with the notes, between and within them."""
    vowels = _VOWELS_HZ * rng.uniform(0.85, 1.25) * np.exp(rng.normal(0.0, 0.06, _VOWELS_HZ.shape))
    halves = 2 * (contour.note + 1) + (np.arange(len(contour.note)) // rng.integers(20, 90)) % 2
    formants_hz = vowels[rng.integers(0, len(vowels), int(halves.max()) + 1)][halves]
    formants_hz = gaussian_filter1d(formants_hz, rng.uniform(0.015, 0.05) / FRAME_S, axis=0)[::4]
    high_hz = np.array([3500.0, 4500.0, 5600.0, 6800.0]) * rng.uniform(0.9, 1.2) * np.exp(rng.normal(0, 0.04, 4))
    every_hz = np.concatenate([formants_hz, np.broadcast_to(high_hz, (len(formants_hz), 4))], axis=1)
    width_hz = (60.0 + 0.04 * every_hz) * rng.uniform(0.7, 1.8)
    ratio2 = (_BIN_HZ / every_hz[:, :, None]) ** 2
    resonance = -0.5 * np.log((1 - ratio2) ** 2 + ratio2 * (width_hz / every_hz)[:, :, None] ** 2).sum(axis=1)
    # The cascade of resonators falls with the frequency as a real glottis does; the rest of the tilt is drawn.
    tilt = rng.uniform(-4.0, 10.0) / 8.686 * np.log2(np.maximum(_BIN_HZ, 150.0) / 150.0)
    ring = rng.uniform(0, 12) / 8.686 * np.exp(-0.5 * ((_BIN_HZ - rng.uniform(2500, 3300)) / 350.0) ** 2)
    return _every_frame(resonance + tilt + ring, len(contour.note))


def _borrowed_tract(contour: Contour, recordings: Sequence[RecordedVoice], rng: Generator) -> NDArray[np.float32]:
    """Log amplitude envelopes (frames, bins) of a recording, slowed down note by note, on a warped axis."""
    recording = recordings[int(rng.integers(0, len(recordings)))]
    spoken = np.flatnonzero(np.isfinite(recording.midi_pitch))
    if len(spoken) < 50:
        return _formant_tract(contour, rng)
    begin = rng.integers(0, len(spoken), int(contour.note.max()) + 2)[contour.note + 1]
    place = begin + rng.uniform(0.1, 0.9) * np.arange(len(contour.note))
    rows = recording.log_envelope[spoken[place.astype(np.int64) % len(spoken)]]
    source = np.clip(np.arange(BINS) / rng.uniform(0.82, 1.28), 0, BINS - 1.001)
    left = source.astype(np.int64)
    part = (source - left).astype(np.float32)
    warped = rows[:, left] * (1 - part) + rows[:, left + 1] * part
    tilt = rng.normal(0.0, 2.5) / 8.686 * np.log2(np.maximum(_BIN_HZ, 150.0) / 150.0)
    smooth = gaussian_filter1d(warped, 1.5, axis=0) + tilt
    return np.asarray(smooth - smooth.max(axis=1).mean(), dtype=np.float32)


def _every_frame(rows: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """Interpolate rows that stand at every fourth frame."""
    position = np.minimum(np.arange(frames) / 4.0, len(rows) - 1.0)
    left = position.astype(np.int64)
    right = np.minimum(left + 1, len(rows) - 1)
    part = (position - left)[:, None].astype(np.float32)
    single = rows.astype(np.float32)
    return np.asarray(single[left] * (1 - part) + single[right] * part)


def _voice(contour: Contour, tract: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Filter pulses and noise with the tract, (frames * hop,) samples of unit root mean square."""
    samples = len(contour.note) * HOP_LENGTH
    onset = gaussian_filter1d(contour.voiced.astype(np.float64), rng.uniform(0.8, 3.0))
    loud = (onset * 10 ** (contour.level_db / 20)).astype(np.float32)[:, None]
    breath = 10 ** (rng.uniform(-38.0, -10.0) / 20) * np.clip(_BIN_HZ / 4000.0, 0.1, 1.0)
    hiss_level = 10 ** (rng.uniform(-22.0, 0.0) / 20)
    hiss = gaussian_filter1d(contour.hiss.astype(np.float64), 1.0)[:, None] * hiss_level * _hiss_shape(contour, rng)
    filters = np.exp(tract - tract.max())
    # Pulses carry sqrt(harmonics) times their amplitude; noise of unit variance is brought to the same density.
    spectrum = _spectra(_pulses(contour, samples)) * (filters * loud)
    spectrum += _spectra(rng.standard_normal(samples, dtype=np.float32)) * (filters * loud * breath + 0.05 * hiss)
    frames = fft.irfft(spectrum, axis=1).astype(np.float32)
    sound = np.zeros(samples + _FFT, dtype=np.float32)
    lanes = sound[: (len(frames) + 3) * HOP_LENGTH].reshape(-1, HOP_LENGTH)
    for lane in range(4):
        lanes[lane : lane + len(frames)] += frames[:, lane * HOP_LENGTH : (lane + 1) * HOP_LENGTH]
    voice = sound[_FFT // 2 : _FFT // 2 + samples]
    return np.asarray(voice / (np.sqrt(np.mean(voice**2)) + 1e-6), dtype=np.float32)


def _hiss_shape(contour: Contour, rng: Generator) -> NDArray[np.float64]:
    """Amplitude (frames, bins) of the consonants: one of four colours a note."""
    centre_hz = rng.uniform(1200.0, 7500.0, 4)[:, None]
    shapes = np.exp(-0.5 * ((_BIN_HZ - centre_hz) / rng.uniform(600.0, 2500.0, 4)[:, None]) ** 2)
    return np.asarray(shapes[contour.note % 4])


def _pulses(contour: Contour, samples: int) -> NDArray[np.float32]:
    """Make a band-limited pulse train: all harmonics below 7.6 kHz with equal amplitude and unit total power."""
    at_frame = np.arange(len(contour.note)) * HOP_LENGTH
    f0_hz = np.interp(np.arange(samples), at_frame, 440.0 * 2 ** ((contour.midi_pitch - 69.0) / 12.0))
    half_phase = np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
    harmonics = np.floor(7600.0 / f0_hz)
    below = np.sin(half_phase)
    sharp = np.abs(below) < 1e-5
    train = np.where(sharp, harmonics, 0.5 * (np.sin((2 * harmonics + 1) * half_phase) / np.where(sharp, 1, below) - 1))
    return np.asarray(train / np.sqrt(harmonics), dtype=np.float32)


def _spectra(sound: NDArray[np.float32]) -> NDArray[np.complex64]:
    padded = np.pad(sound, (_FFT // 2, _FFT // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP_LENGTH][: len(sound) // HOP_LENGTH]
    return np.asarray(fft.rfft(frames * _WINDOW, axis=1), dtype=np.complex64)
