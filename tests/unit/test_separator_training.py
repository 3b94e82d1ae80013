"""Training a separator: what clips hold, what the losses want, and a run from a bank to a model that separates."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.audio.separation import MaskSeparator
from singalike.audio.separation.mask_network import MaskNetwork, MaskPreset
from singalike.audio.sound import Sound
from singalike.embeddings.training.loop import Surroundings
from singalike.embeddings.training.material_bank import Bank, BankBacking, BankVoice, read_bank
from singalike.embeddings.training.presets import preset_names, read_preset
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.separation_bank import SeparationBank, bank_side
from singalike.embeddings.training.separation_clips import MixSettings, make_band, make_vocal, mix_clip
from singalike.embeddings.training.separator import SeparatorPreset, SeparatorSources, fit_to_bank
from singalike.embeddings.training.separator_training import (
    MixedSpectra,
    SeparatorTrainee,
    SeparatorTraining,
    mask_losses,
)
from singalike.embeddings.training.stereo_effects import (
    equalised,
    filtered,
    in_a_room,
    levelled,
    loudness,
    low_passed,
    placed,
    random_curve,
    widened,
)
from singalike.embeddings.training.trainee import Share
from singalike.errors import InvalidInputError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.training_data import COLUMNS

SAMPLES = 31 * 512
TINY = MaskPreset(fold=8, channels=(4, 6), dense=4, dilations=(1,))
SHORT = SeparatorTraining(batch=2, frames=32, validated=2)
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Two voices and two bands of noise bursts, one of each held out."""
    folder = tmp_path_factory.mktemp("bank")
    bank = Bank(folder, {})
    for number, held_out in enumerate((False, True)):
        voice = buzzing_voice(3.0, 150.0 + 60.0 * number, seed=number)
        bursts = np.random.default_rng(number).standard_normal((2, 3 * SAMPLE_RATE)) * 0.1
        for name, sound in (("voice", voice), ("band", bursts)):
            np.save(folder / f"{name}{number}.npy", np.round(20_000 * sound).clip(-32_767, 32_767).astype(np.int16))
        said = BankVoice(f"voice{number}.npy", f"singer{number}", "natural", 3.0, held_out)
        played = BankBacking(f"band{number}.npy", "", "invented", False, 3.0, held_out)
        bank = bank.grown(str(number), [said, played])
    return bank


def side(bank: Bank) -> SeparationBank:
    return bank_side(bank, held_out=False)


def test_voices_held_out_are_apart_from_those_that_train(bank: Bank) -> None:
    training, held_out = side(bank), bank_side(bank, held_out=True)

    assert (list(training.voices), list(held_out.voices)) == (["singer0"], ["singer1"])
    assert not np.array_equal(training.backings[0], held_out.backings[0])


def test_a_bank_without_a_side_is_refused(bank: Bank) -> None:
    one_sided = replace(bank, voices=bank.voices[:1], backings=bank.backings[:1])

    with pytest.raises(InvalidInputError) as caught:
        bank_side(one_sided, held_out=True)

    assert caught.value.reason == "BANK_EMPTY"


def test_the_same_chance_mixes_the_same_clip(bank: Bank) -> None:
    one, other = (mix_clip(side(bank), MixSettings(), SAMPLES, np.random.default_rng(3)) for _ in range(2))

    assert np.array_equal(one.mixture, other.mixture)
    assert one.mixture.shape == one.vocal.shape == (2, SAMPLES)
    assert one.mixture.dtype == np.float32


@pytest.mark.parametrize("seed", range(12))
def test_vocals_and_bands_are_finite_stereo(bank: Bank, seed: int) -> None:
    rng = np.random.default_rng(seed)

    for sound in (make_vocal(side(bank), SAMPLES, rng), make_band(side(bank), SAMPLES, rng)):
        assert sound.shape == (2, SAMPLES)
        assert np.isfinite(sound).all()


def test_clips_hold_what_they_are_asked_to_hold(bank: Bank) -> None:
    def mixed(settings: MixSettings, seed: int) -> tuple[float, float]:
        clip = mix_clip(side(bank), settings, SAMPLES, np.random.default_rng(seed))
        return float(np.square(clip.vocal).sum()), float(np.square(clip.mixture - clip.vocal).sum())

    instrumental = [mixed(MixSettings(instrumental=1.0, alone=0.0), seed) for seed in range(4)]
    alone = [mixed(MixSettings(instrumental=0.0, alone=1.0, voice_db=(0.0, 0.0)), seed) for seed in range(4)]

    assert all(vocal == 0.0 < band for vocal, band in instrumental)
    assert all(band < 0.01 * vocal for vocal, band in alone)


def test_mono_clips_have_two_equal_channels(bank: Bank) -> None:
    clip = mix_clip(side(bank), MixSettings(mono=1.0), SAMPLES, np.random.default_rng(8))

    assert np.abs(clip.mixture[0] - clip.mixture[1]).max() < ROUNDING * np.abs(clip.mixture).max()


def test_loudness_hears_over_pauses() -> None:
    voice = np.random.default_rng(0).standard_normal((1, SAMPLES)).astype(np.float32)
    with_pause = np.concatenate([voice, np.zeros((1, SAMPLES // 2), np.float32)], axis=1)

    assert loudness(with_pause) == pytest.approx(loudness(voice), rel=0.05)
    assert loudness(levelled(7.0 * voice)) == pytest.approx(1.0, rel=1e-3)


def test_effects_keep_the_length_and_change_what_they_should() -> None:
    rng = np.random.default_rng(1)
    stereo = rng.standard_normal((2, SAMPLES)).astype(np.float32)

    flat = filtered(stereo, np.ones_like(random_curve(SAMPLES, 1.0, rng)))
    dull = low_passed(stereo, 3000.0)
    spectrum = np.abs(np.fft.rfft(dull[0]))

    assert np.abs(flat - stereo).max() < 1e-4
    assert spectrum[SAMPLES * 4 // 16 :].mean() < 0.01 * spectrum[: SAMPLES * 2 // 16].mean()
    assert equalised(stereo, rng).shape == in_a_room(stereo, 1.0, (-20.0, -10.0), rng).shape == stereo.shape
    assert not np.ptp(widened(stereo, 0.0), axis=0).any()
    assert np.abs(placed(stereo[:1], -1.0)[1]).max() < ROUNDING


def spectra(vocal_share: float) -> MixedSpectra:
    generator = torch.Generator().manual_seed(0)
    mixture = torch.randn(2, 2, 8, 16, dtype=torch.complex64, generator=generator)
    return MixedSpectra(mixture, vocal_share * mixture, torch.ones(2, 1, 1, 1) / 30.0)


def test_losses_are_least_for_the_masks_that_are_right() -> None:
    right, wrong = (torch.full((2, 2, 8, 16), logit) for logit in (30.0, -30.0))
    all_sung = spectra(1.0)

    best, worst = mask_losses(right, all_sung), mask_losses(wrong, all_sung)

    assert float(best["distortion"]) == pytest.approx(-30.0, abs=0.1)
    assert float(best["shape"]) == pytest.approx(0.0, abs=1e-4)
    assert float(worst["distortion"]) == pytest.approx(0.0, abs=0.1)
    assert worst["shape"] > best["shape"]


def test_every_process_mixes_its_own_part_of_a_batch(bank: Bank) -> None:
    torch.manual_seed(0)
    trainee = SeparatorTrainee(MaskNetwork(TINY).eval(), SHORT, bank, seed=4)

    with torch.no_grad():
        whole = trainee.losses(7, Share())["total"]
        parts = [trainee.losses(7, Share(rank, 2))["total"] for rank in range(2)]
        again = trainee.losses(7, Share())["total"]

    assert torch.equal(whole, again)
    torch.testing.assert_close(torch.stack(parts).mean(), whole, atol=1e-4, rtol=1e-4)


def test_a_run_ends_with_a_model_that_separates_and_a_card(bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(",".join(COLUMNS) + "\n")
    loop = LoopPreset(steps=12, learning_rate=0.01, warm_up=2, validate_every=6, save_every=6, log_every=3)
    preset = SeparatorPreset(loop, TINY, SHORT)
    sources = SeparatorSources(tmp_path, tmp_path / "out", tmp_path / "run", say=lambda _words: None)
    losses: list[float] = []
    around = Surroundings(clock=lambda: 0.0, tell=lambda progress: losses.append(progress.losses["total"]))

    network = fit_to_bank(bank, preset, sources, around)

    assert network is not None
    assert losses[-1] < losses[0]
    vocals = MaskSeparator(tmp_path / "out").separate(Sound(np.ones((1, 2048), np.float32) * 0.1, SAMPLE_RATE))
    assert np.isfinite(vocals.waveform).all()
    assert "singalike train separator" in (tmp_path / "out" / "separator.md").read_text("utf-8")


def test_a_bank_is_found_again_by_its_index(bank: Bank) -> None:
    found = read_bank(bank.folder)

    assert found is not None
    assert found.voices == bank.voices


@pytest.mark.parametrize("name", [*preset_names("separator"), "default"])
def test_shipped_presets_are_read(name: str) -> None:
    preset = read_preset("separator", name, SeparatorPreset)

    assert preset.training.frames % preset.shape.step == 0
