"""Instruments of the accompaniment: one function a sound, each a short waveform.

All are sums of sines or shaped noise; noise is drawn once a song, so a bar that repeats repeats exactly.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.pitch import midi_to_hz

Floats = NDArray[np.float64]


def _harmonics(midi_pitch: float, samples: int, sample_rate: int, levels: Floats, decays_s: Floats) -> Floats:
    """Add harmonics with their own level and decay; those above 0.45 of the sample rate are left out."""
    f0_hz = float(midi_to_hz(np.array(midi_pitch)))
    times_s = np.arange(samples) / sample_rate
    total = np.zeros(samples)
    for number, (level, decay_s) in enumerate(zip(levels, decays_s, strict=True), start=1):
        if number * f0_hz < 0.45 * sample_rate:
            total += level * np.exp(-times_s / decay_s) * np.sin(2.0 * np.pi * number * f0_hz * times_s)
    return total


def _faded(waveform: Floats, sample_rate: int, attack_s: float, release_s: float) -> Floats:
    samples = len(waveform)
    attack, release = (min(max(round(s * sample_rate), 1), samples) for s in (attack_s, release_s))
    waveform[:attack] *= np.arange(attack) / attack
    waveform[samples - release :] *= np.arange(release, 0, -1) / release
    return waveform


def piano(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Strike a string: higher harmonics are weaker and die sooner."""
    numbers = np.arange(1.0, 11.0)
    tone = _harmonics(midi_pitch, round(duration_s * sample_rate), sample_rate, numbers**-1.3, 1.1 / numbers**0.7)
    return _faded(tone, sample_rate, 0.004, 0.05)


def pluck(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Pluck a guitar string near its fifth part, which silences every fifth harmonic."""
    numbers = np.arange(1.0, 15.0)
    levels = np.abs(np.sin(np.pi * numbers / 5.0)) / numbers
    tone = _harmonics(midi_pitch, round(duration_s * sample_rate), sample_rate, levels, 0.7 / numbers**0.8)
    return _faded(tone, sample_rate, 0.002, 0.04)


def pad(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Hold a soft chord tone of two slightly detuned oscillators."""
    numbers = np.arange(1.0, 6.0)
    samples, steady = round(duration_s * sample_rate), np.full(5, 60.0)
    tone = sum(
        _harmonics(midi_pitch + cents / 100.0, samples, sample_rate, 0.5 * numbers**-1.6, steady) for cents in (-5, 5)
    )
    return _faded(np.asarray(tone), sample_rate, 0.25, 0.3)


def electric_piano(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Strike a tine by frequency modulation (Chowning 1973)."""
    f0_hz = float(midi_to_hz(np.array(midi_pitch)))
    times_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    turn = 2.0 * np.pi * f0_hz * times_s
    tone = np.exp(-times_s / 0.9) * np.sin(turn + 1.2 * np.exp(-times_s / 0.25) * np.sin(turn))
    return _faded(tone, sample_rate, 0.003, 0.06)


def overdriven(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Drive a fifth into saturation, as a rock guitar does."""
    samples, numbers = round(duration_s * sample_rate), np.arange(1.0, 7.0)
    steady = np.full(6, 3.0)
    chord = sum(_harmonics(midi_pitch + step, samples, sample_rate, 1.0 / numbers, steady) for step in (0, 7))
    driven = np.tanh(2.5 * np.asarray(chord))
    # A cabinet passes little above 4 kHz: four-sample averages are enough of a filter.
    return _faded(np.convolve(driven, np.full(4, 0.25), mode="same"), sample_rate, 0.004, 0.05)


def synth(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Stab a bright sawtooth."""
    numbers = np.arange(1.0, 17.0)
    tone = _harmonics(midi_pitch, round(duration_s * sample_rate), sample_rate, 0.7 / numbers, 0.5 / numbers**0.3)
    return _faded(tone, sample_rate, 0.004, 0.03)


def bass(midi_pitch: float, duration_s: float, sample_rate: int) -> Floats:
    """Play a round electric bass."""
    levels, decays_s = np.array([1.0, 0.45, 0.2, 0.08]), np.array([1.2, 0.6, 0.4, 0.2])
    return _faded(
        _harmonics(midi_pitch, round(duration_s * sample_rate), sample_rate, levels, decays_s), sample_rate, 0.006, 0.04
    )


def kick(sample_rate: int) -> Floats:
    """Beat a bass drum: a sine that falls from 130 to 45 Hz."""
    times_s = np.arange(round(0.25 * sample_rate)) / sample_rate
    phase = 2.0 * np.pi * (45.0 * times_s + 85.0 * 0.03 * (1.0 - np.exp(-times_s / 0.03)))
    return np.asarray(np.exp(-times_s / 0.09) * np.sin(phase))


def snare(sample_rate: int, rng: Generator) -> Floats:
    """Beat a snare drum: noise and a short tone."""
    times_s = np.arange(round(0.2 * sample_rate)) / sample_rate
    noise = rng.normal(size=len(times_s)) * np.exp(-times_s / 0.06)
    return np.asarray(0.5 * noise + 0.5 * np.exp(-times_s / 0.04) * np.sin(2.0 * np.pi * 190.0 * times_s))


def hat(sample_rate: int, rng: Generator, decay_s: float = 0.025) -> Floats:
    """Touch a cymbal: noise without its low part."""
    times_s = np.arange(round(6.0 * decay_s * sample_rate)) / sample_rate
    noise = rng.normal(size=len(times_s) + 2)
    return np.asarray(np.diff(noise, 2) * 0.3 * np.exp(-times_s / decay_s))
