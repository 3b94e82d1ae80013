"""The shipped separator: what it hears, how it is cut into blocks, and what it does to voices and bands."""

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.audio.separation import MaskSeparator, RepetSimSeparator, load_mask_network, save_mask_network
from singalike.audio.separation.mask_network import MaskNetwork, MaskPreset
from singalike.audio.separation.masking import SHIPPED
from singalike.audio.sound import Sound, Waveform
from singalike.audio.synthesis import accompany, compose_chords, draw_singer
from singalike.audio.synthesis import sing as sing_line
from singalike.audio.synthesis.composing import compose_melody
from singalike.errors import NotFoundError, WrongStateError

RATE = 16_000
ROUNDING = 1e-5
TINY = MaskPreset(bins=64, fold=4, channels=(4, 6, 8), dense=4, dilations=(1, 2))


@cache
def separator() -> MaskSeparator:
    return MaskSeparator()


@cache
def voice_and_band(seconds: float = 12.0) -> tuple[Waveform, Waveform]:
    """An invented singer and an invented band, (2, samples) each, equally loud."""
    rng = np.random.default_rng(5)
    singer = draw_singer(rng, "female")
    chords = compose_chords(rng, seconds, 0, "major", 100.0, 0.2)
    melody = compose_melody(rng, singer.centre_midi, seconds, "major", 100.0)
    voice = sing_line(singer, melody, RATE, rng).waveform
    band = accompany(chords, "pop", 100.0, rng, RATE).waveform
    samples = min(voice.shape[-1], band.shape[-1], round(seconds * RATE))
    vocal = np.repeat(voice[:, :samples], 2, axis=0)
    return 0.1 * vocal / vocal.std(), 0.1 * band[:, :samples] / band.std()


def sdr_db(wanted: Waveform, got: Waveform) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - got) ** 2)))


def network(preset: MaskPreset = TINY) -> MaskNetwork:
    torch.manual_seed(0)
    return MaskNetwork(preset).eval()


def test_a_frame_depends_on_nothing_out_of_reach() -> None:
    model, reach = network(), TINY.reach
    heard = torch.randn(1, 2, 4 * reach, TINY.bins)
    other = heard.clone()
    other[:, :, 2 * reach] += 1.0

    with torch.inference_mode():
        moved = (model(heard) - model(other)).abs().amax(dim=(0, 1, 3)).nonzero().flatten()

    assert moved.min() >= reach
    assert moved.max() <= 3 * reach
    assert len(moved) > 1


def test_vocals_are_the_same_in_blocks_and_whole() -> None:
    voice, band = voice_and_band()
    mixture = Sound(voice + band, RATE)

    in_blocks = MaskSeparator(block_frames=64).separate(mixture).waveform
    whole = MaskSeparator(block_frames=4096).separate(mixture).waveform

    assert np.abs(in_blocks - whole).max() < ROUNDING
    assert np.array_equal(whole, MaskSeparator(block_frames=4096).separate(mixture).waveform)


def test_a_singer_comes_out_of_a_band_better_than_by_repetition() -> None:
    voice, band = voice_and_band()
    mixture = Sound(voice + band, RATE)

    by_network, by_repetition = (one.separate(mixture).waveform for one in (separator(), RepetSimSeparator()))

    assert sdr_db(voice, by_network) > 8.0
    assert sdr_db(voice, by_network) > sdr_db(voice, by_repetition) + 3.0


def test_a_voice_alone_goes_through_nearly_untouched() -> None:
    voice, _ = voice_and_band()

    assert sdr_db(voice, separator().separate(Sound(voice, RATE)).waveform) > 15.0


def test_of_a_band_alone_little_is_left() -> None:
    _, band = voice_and_band()

    vocals = separator().separate(Sound(band, RATE)).waveform

    assert np.square(vocals).sum() < 0.05 * np.square(band).sum()


def test_a_voice_at_one_side_stays_there() -> None:
    voice, band = voice_and_band()
    left = voice * np.array([[1.3], [0.5]], np.float32)

    vocals = separator().separate(Sound(left + band, RATE)).waveform

    assert np.square(vocals[0]).sum() > 3.0 * np.square(vocals[1]).sum()


def test_mono_is_what_a_middle_alone_is() -> None:
    voice, band = voice_and_band()
    mono = (voice + band)[:1]

    one = separator().separate(Sound(mono, RATE)).waveform
    two = separator().separate(Sound(np.repeat(mono, 2, axis=0), RATE)).waveform

    assert np.abs(two - one).max() < ROUNDING


def test_the_level_of_a_song_does_not_matter() -> None:
    voice, band = voice_and_band()

    loud, quiet = (separator().separate(Sound(gain * (voice + band), RATE)).waveform for gain in (1.0, 0.05))

    assert sdr_db(0.05 * loud, quiet) > 30.0


def test_sibilants_above_what_is_heard_follow_the_voice() -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((1, 44_100)).astype(np.float32)

    vocals = separator().separate(Sound(noise, 44_100)).waveform
    above = np.abs(np.fft.rfft(vocals[0]))[9000:].mean() / np.abs(np.fft.rfft(noise[0]))[9000:].mean()

    assert 0.0 <= above < 0.7


def test_a_saved_network_says_what_it_said(tmp_path: Path) -> None:
    model = network()
    heard = torch.randn(1, 2, 32, TINY.bins)
    save_mask_network(model, {"training": {"steps": 1}}, tmp_path)

    loaded, digest = load_mask_network(tmp_path)

    assert loaded.preset == TINY
    assert json.loads((tmp_path / "separator.json").read_text())["sha256"] == digest
    # Weights are kept with eleven bits.
    torch.testing.assert_close(loaded(heard), model(heard), atol=0.02, rtol=0.02)


def test_weights_that_are_not_the_listed_ones_are_refused(tmp_path: Path) -> None:
    save_mask_network(network(), {}, tmp_path)
    weights = tmp_path / "separator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")

    with pytest.raises(WrongStateError) as caught:
        MaskSeparator(tmp_path)

    assert caught.value.reason == "SEPARATOR_DAMAGED"


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    save_mask_network(network(), {}, tmp_path)
    config = json.loads((tmp_path / "separator.json").read_text())
    config["arguments"]["dense"] = 5
    (tmp_path / "separator.json").write_text(json.dumps(config))

    with pytest.raises(WrongStateError) as caught:
        MaskSeparator(tmp_path)

    assert caught.value.reason == "SEPARATOR_DAMAGED"


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "separator.json", tmp_path)

    with pytest.raises(NotFoundError, match=str(tmp_path)) as caught:
        MaskSeparator(tmp_path)

    assert caught.value.reason == "SEPARATOR_NOT_FOUND"
