"""An engine that is told the pitch does not follow a bass that sounds with the singer."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, ConvertOptions
from singalike.conversion.world_retrieval.known_pitch import with_known_pitch
from singalike.conversion.world_retrieval.pitch_shift import with_moved_pitch
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.performing import engine, target_voice
from tests.support.sung_takes import RATE, take

HOP_S = 0.005


def told(f0_hz: float, frames: int = 400) -> PitchTrack:
    return PitchTrack(np.full(frames, f0_hz, np.float32), np.ones(frames, np.float32), HOP_S)


def test_a_pitch_that_is_another_voices_is_corrected_and_made_exact() -> None:
    sound = Sound(buzzing_voice(2.0, 200.0)[None], SAMPLE_RATE)
    tracked = np.full(400, 90.0)

    corrected = with_known_pitch(tracked, sound, HOP_S, told(206.0))

    assert np.abs(corrected[20:-20] - 200.0).max() < 2.0


def test_what_is_near_or_not_known_stays_as_it_was_tracked() -> None:
    sound = Sound(buzzing_voice(2.0, 200.0)[None], SAMPLE_RATE)
    tracked = np.where(np.arange(400) % 100 < 20, 0.0, 195.0)

    near = with_known_pitch(tracked, sound, HOP_S, told(215.0))
    unknown = with_known_pitch(tracked, sound, HOP_S, told(np.nan))

    assert np.array_equal(near, tracked)
    assert np.array_equal(unknown, tracked)


def test_an_engine_sings_the_pitch_that_it_is_told() -> None:
    voice = take(3)
    bass = 0.3 * np.sin(2 * np.pi * 82.0 * np.arange(voice.waveform.shape[1]) / RATE)
    vocal = Sound((voice.waveform + bass).astype(np.float32), RATE)
    alone = engine().convert(voice, target_voice(), ConvertOptions(), ConversionContext()).wanted_pitch

    informed = ConversionContext(pitch=alone)
    guessed = engine().convert(vocal, target_voice(), ConvertOptions(), ConversionContext()).wanted_pitch
    followed = engine().convert(vocal, target_voice(), ConvertOptions(), informed).wanted_pitch

    def wrong(track: PitchTrack) -> float:
        both = np.isfinite(alone.f0_hz) & np.isfinite(track.f0_hz)
        return float((np.abs(track.f0_hz[both] / alone.f0_hz[both] - 1.0) > 0.2).mean())

    assert wrong(guessed) > 0.1
    assert wrong(followed) < 0.01


@pytest.mark.parametrize(("fundamental", "noise"), [(1.0, 0.3), (0.03, 0.3)])
def test_a_moved_voice_keeps_its_melody_under_noise_and_without_its_fundamental(
    fundamental: float, noise: float
) -> None:
    voice = buzzing_voice(2.0, 200.0)
    spectrum = np.fft.rfft(voice)
    spectrum[: round(300.0 * 2.0)] *= fundamental
    lean = np.fft.irfft(spectrum, len(voice))
    hiss = np.random.default_rng(0).normal(0, noise * lean.std(), len(voice))

    recording = Sound((lean + hiss).astype(np.float32)[None], SAMPLE_RATE)
    moved = with_moved_pitch(recording, np.full(401, 200.0, np.float32), HOP_S, 5.0)

    power = np.square(np.abs(np.fft.rfft(moved[8000:24_000] * np.hanning(16_000))))
    wanted_hz = 200.0 * 2.0 ** (5.0 / 12.0)
    off_hz = np.abs(np.arange(8001) / wanted_hz - np.round(np.arange(8001) / wanted_hz)) * wanted_hz
    heard = slice(100, round(8 * wanted_hz))
    assert power[heard][off_hz[heard] < 6.0].sum() > 0.8 * power[heard].sum()
