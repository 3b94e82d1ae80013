"""Clips for a separator: a vocal and a band, mixed as studios, rooms and telephones do it, and then some.

All singing belongs to the vocal, backing voices too: `conversion.song.lead_voice` tells them apart later. The band is
played by few instruments in few rooms, real ones by many in many, so both are bent far more than taste would allow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from singalike.embeddings.training.separation_bank import SeparationBank
from singalike.embeddings.training.stereo_effects import (
    Waveform,
    coloured_noise,
    compressor_gain,
    decibels,
    equalised,
    in_a_room,
    levelled,
    low_passed,
    placed,
    played_faster,
    saturated,
    widened,
    with_echo,
)

INTERVALS = (-12, -5, -4, -3, 3, 4, 5, 7, 12)
"""Semitones between a lead and who sings along."""


@dataclass(frozen=True)
class MixSettings:
    """How often clips hold what.

    Attributes:
        instrumental: Share of clips without a voice.
        alone: Share without a band.
        mono: Share in one channel, as both.
        voice_db: Lowest and highest level of the vocal against the band.
    """

    instrumental: float = 0.08
    alone: float = 0.07
    mono: float = 0.3
    voice_db: tuple[float, float] = (-9.0, 5.0)


@dataclass(frozen=True, eq=False)
class MixedClip:
    """A mixture and what is sung in it.

    Attributes:
        mixture, vocal: float32 (2, samples) at 16 000 Hz; the band is the difference.
    """

    mixture: Waveform
    vocal: Waveform


def mix_clip(bank: SeparationBank, settings: MixSettings, samples: int, rng: Generator) -> MixedClip:
    """Mix a clip.

    Args:
        bank: What from.
        settings: How often it holds what.
        samples: Its length.
        rng: Source of all chance.
    """
    silence = np.zeros((2, samples), np.float32)
    holds = rng.random()
    vocal = silence if holds < settings.instrumental else make_vocal(bank, samples, rng)
    vocal = vocal * decibels(rng.uniform(*settings.voice_db))
    if holds < 1.0 - settings.alone:
        band = make_band(bank, samples, rng)
    else:
        band = decibels(rng.uniform(-70.0, -35.0)) * coloured_noise(samples, rng)
    if rng.random() < 0.3:
        vocal = vocal * _entry(samples, rng)
    if rng.random() < settings.mono:
        vocal, band = widened(vocal, 0.0), widened(band, 0.0)
    both = _mastered(np.concatenate([vocal, band]), rng)
    return MixedClip(both[:2] + both[2:], both[:2])


def make_vocal(bank: SeparationBank, samples: int, rng: Generator) -> Waveform:
    """Record a lead, sometimes twice, sometimes with others, mostly in the middle and in a room; (2, samples)."""
    lead = bank.draw_voice(samples, rng)
    if rng.random() < 0.7:
        lead = equalised(lead, rng)
    if rng.random() < 0.25:
        lead = saturated(lead, rng)
    lead = levelled(lead)
    vocal = _on_stage(lead, rng)
    if rng.random() < 0.25:
        for _ in range(int(rng.integers(1, 4))):
            vocal = vocal + decibels(rng.uniform(-15.0, -3.0)) * _companion(bank, lead, rng)
    if rng.random() < 0.65:
        vocal = in_a_room(vocal, 2.3, (-24.0, -5.0), rng)
    if rng.random() < 0.1:
        vocal = with_echo(vocal, rng)
    return vocal


def make_band(bank: SeparationBank, samples: int, rng: Generator) -> Waveform:
    """Play an accompaniment, sometimes two at once, in another studio than its own; loudness one, (2, samples)."""
    band = levelled(bank.draw_backing(samples, rng))
    if rng.random() < 0.3:
        band = band + decibels(rng.uniform(-12.0, 3.0)) * levelled(bank.draw_backing(samples, rng))
    if rng.random() < 0.75:
        band = equalised(band, rng)
    if rng.random() < 0.15:
        band = np.concatenate([equalised(channel[None], rng, 0.5) for channel in band])
    if rng.random() < 0.3:
        band = saturated(band, rng)
    if rng.random() < 0.5:
        band = widened(band, rng.uniform(0.0, 1.6))
    if rng.random() < 0.5:
        band = band[::-1]
    if rng.random() < 0.3:
        band = in_a_room(band, 2.0, (-20.0, -4.0), rng)
    band = levelled(band)
    if rng.random() < 0.3:
        band = band + decibels(rng.uniform(-45.0, -12.0)) * coloured_noise(samples, rng)
    return band


def _on_stage(lead: Waveform, rng: Generator) -> Waveform:
    """Put a lead in the middle, somewhere else, or, sung twice, at both sides."""
    drawn, samples = rng.random(), lead.shape[-1]
    if drawn < 0.72:
        return placed(lead, 0.0)
    if drawn < 0.84:
        return placed(lead, rng.uniform(-0.5, 0.5))
    late = np.pad(lead, ((0, 0), (int(rng.uniform(128.0, 560.0)), 0)))
    again = played_faster(late, float(np.exp(rng.uniform(-0.004, 0.004))), samples)
    width = rng.uniform(0.2, 1.0)
    doubled = placed(lead, -width) + placed(again, width)
    return doubled + placed(lead, 0.0) if rng.random() < 0.5 else doubled


def _companion(bank: SeparationBank, lead: Waveform, rng: Generator) -> Waveform:
    """Let somebody else sing, or the lead at an interval, anywhere on the stage."""
    samples = lead.shape[-1]
    if rng.random() < 0.5:
        voice = bank.draw_voice(samples, rng)
    else:
        voice = played_faster(lead, 2.0 ** (float(rng.choice(INTERVALS)) / 12.0), samples)
    return placed(levelled(equalised(voice, rng)), rng.uniform(-1.0, 1.0))


def _entry(samples: int, rng: Generator) -> Waveform:
    """A gain (samples,) with which a voice enters or leaves within a clip."""
    edge = rng.uniform(0.1, 0.9) * samples
    rise = np.clip((np.arange(samples) - edge) / 400, 0.0, 1.0).astype(np.float32)
    return rise if rng.random() < 0.5 else 1 - rise


def _mastered(both: Waveform, rng: Generator) -> Waveform:
    """Treat vocal and band, (4, samples), as their sum would be treated."""
    if rng.random() < 0.6:
        both = equalised(both, rng, 0.7)
    if rng.random() < 0.25:
        both = low_passed(both, rng.uniform(3000.0, 7800.0))
    if rng.random() < 0.4:
        both = both * compressor_gain(both[:2] + both[2:], rng)
    return both
