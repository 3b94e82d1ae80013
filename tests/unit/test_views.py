"""Views of a recording: what stays, what moves, and who belongs to whom."""

from pathlib import Path

import numpy as np
import pytest
import pyworld
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import welch

from singalike.embeddings.training.objectives.choice import OBJECTIVES, ObjectiveName, ObjectivePreset
from singalike.embeddings.training.pitch_shift import move_envelope, shift_pitch
from singalike.embeddings.training.self_supervised import SelfSupervisedPreset, SelfSupervisedTrainee
from singalike.embeddings.training.time_stretch import time_stretch
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.view_bank import RecordingViews, ViewBank, hear_views, load_views, save_views
from singalike.embeddings.training.views import (
    COMBINATIONS,
    KINDS,
    Change,
    Kind,
    Switches,
    crop,
    disturb,
    draw_change,
    make_view,
)
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.errors import InvalidInputError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice

SMALL = TrunkPreset(inputs=12, narrow=8, wide=8, blocks=1, kernel=3, timbre_dim=8, dropout=0.0)


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    return buzzing_voice(1.5)


@pytest.fixture(scope="module")
def bank() -> ViewBank:
    rng = np.random.default_rng(0)
    colours = rng.normal(0.0, 2.0, (8, 12))
    return ViewBank(
        [
            RecordingViews(
                f"r{number}",
                {kind: ((rng.normal(size=(40, 12)) + colours[number]).astype(np.float16),) * 2 for kind in KINDS},
            )
            for number in range(8)
        ]
    )


def f0_hz(waveform: NDArray[np.float32]) -> float:
    track, _ = pyworld.dio(waveform.astype(np.float64), SAMPLE_RATE)
    return float(np.median(track[track > 0]))


def tract(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrum from 300 to 4 500 Hz, smoothed over harmonics, in nats around its mean."""
    hz, power = welch(waveform, SAMPLE_RATE, nperseg=2048)
    smooth = np.log(uniform_filter1d(power, 45))[(hz > 300) & (hz < 4_500)]
    return smooth - smooth.mean()


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.4])
def test_stretching_moves_the_length_and_not_the_pitch(voice: NDArray[np.float32], factor: float) -> None:
    stretched = time_stretch(voice, factor)

    assert len(stretched) == round(len(voice) * factor)
    assert f0_hz(stretched) == pytest.approx(f0_hz(voice), rel=0.005)
    assert np.std(stretched) == pytest.approx(np.std(voice), rel=0.1)


def test_a_stretch_by_one_is_the_recording_itself(voice: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(time_stretch(voice, 1.0)[:-600], voice[:-600], atol=1e-5)


@pytest.mark.parametrize("factor", [0.1, 5.0])
def test_a_stretch_beyond_four_is_refused(voice: NDArray[np.float32], factor: float) -> None:
    with pytest.raises(InvalidInputError, match=r"0\.25 to 4"):
        time_stretch(voice, factor)


def test_a_recording_of_a_few_milliseconds_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least"):
        time_stretch(np.zeros(100, dtype=np.float32), 1.2)


@pytest.mark.parametrize("semitones", [-5.0, -2.0, 3.0, 5.0])
@pytest.mark.parametrize("kept", [True, False])
def test_a_shift_moves_the_pitch_by_its_semitones(voice: NDArray[np.float32], semitones: float, kept: bool) -> None:
    ratio = 2 ** (semitones / 12)

    shifted = shift_pitch(voice, ratio, 1.0 if kept else ratio)

    assert 12 * np.log2(f0_hz(shifted) / f0_hz(voice)) == pytest.approx(semitones, abs=0.1)
    assert len(shifted) == pytest.approx(len(voice), abs=2)


@pytest.mark.parametrize("semitones", [-4.0, 4.0])
def test_a_shift_that_keeps_the_voice_leaves_the_formants_where_they_are(
    voice: NDArray[np.float32], semitones: float
) -> None:
    ratio = 2 ** (semitones / 12)

    kept, moved = (tract(shift_pitch(voice, ratio, formants)) for formants in (1.0, ratio))

    assert np.linalg.norm(kept - tract(voice)) < 0.6 * np.linalg.norm(moved - tract(voice))


def test_a_moved_envelope_is_another_tract_at_the_same_pitch(voice: NDArray[np.float32]) -> None:
    smaller = move_envelope(voice, 1.2)
    born_smaller = tract(buzzing_voice(1.5, tract=1.2))

    assert f0_hz(smaller) == pytest.approx(f0_hz(voice), rel=0.005)
    assert np.linalg.norm(tract(smaller) - born_smaller) < np.linalg.norm(tract(voice) - born_smaller)


def test_two_halves_make_the_whole_change() -> None:
    change, detour = Change(3.0, 1.0, 0.4), Change(2.0, 2.0, -0.1)

    first, second = change.halves(detour)

    assert first.pitch + second.pitch == pytest.approx(change.pitch)
    assert first.formants + second.formants == pytest.approx(change.formants)
    assert first.stretch + second.stretch == pytest.approx(change.stretch)


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_is_processed_and_only_changed_ones_change(voice: NDArray[np.float32], kind: Kind) -> None:
    view = make_view(voice, kind, np.random.default_rng(3))

    semitones = 12 * abs(np.log2(f0_hz(view) / f0_hz(voice)))
    longer = abs(np.log2(len(view) / len(voice)))
    assert not np.array_equal(view, voice)
    assert (semitones > 1.0) == kind.startswith("pitch")
    assert (longer > 0.1) == (kind == "stretched")


def test_pitch_is_changed_with_formants_or_without_as_the_kind_says() -> None:
    kept, moved = (draw_change(kind, np.random.default_rng(1)) for kind in ("pitch_kept", "pitch_moved"))

    assert kept.formants == 0.0
    assert moved.formants == moved.pitch == kept.pitch


@pytest.mark.parametrize("switches", COMBINATIONS, ids=str)
def test_a_switch_adds_a_positive_a_negative_or_nothing(bank: ViewBank, switches: Switches) -> None:
    mels, labels = bank.batch(0, switches, clips=4 * switches.views, frames=20)

    positions = (switches.pitch, switches.stretch)
    belonging, strangers = labels[labels >= 0], labels[labels < 0]
    assert mels.shape == (4 * switches.views, 20, 12)
    assert belonging.unique(return_counts=True)[1].tolist() == [2 + positions.count("positive")] * 4
    assert len(strangers) == len(strangers.unique()) == 4 * positions.count("negative")


def test_a_position_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="off, positive, negative"):
        Switches("sideways", "off")  # type: ignore[arg-type]


def test_a_step_has_one_batch_whatever_came_before(bank: ViewBank) -> None:
    bank.batch(6, Switches(), 12, 20)

    first, again, other = (bank.batch(step, Switches(), 12, 20) for step in (7, 7, 8))

    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_the_shares_of_two_processes_are_the_whole_batch(bank: ViewBank) -> None:
    whole, _ = bank.batch(1, Switches("off", "off"), 8, 20)

    halves = [bank.batch(1, Switches("off", "off"), 8, 20, Share(rank, 2))[0] for rank in (0, 1)]

    assert torch.equal(torch.cat(halves), whole)


def test_one_recording_cannot_be_compared(bank: ViewBank) -> None:
    with pytest.raises(InvalidInputError, match="at least two"):
        ViewBank(bank.recordings[:1])


def test_a_short_recording_is_repeated_to_the_length_of_a_crop() -> None:
    mel = np.arange(6, dtype=np.float16).reshape(3, 2)

    np.testing.assert_array_equal(crop(mel, 7, np.random.default_rng(0)), mel[[0, 1, 2, 0, 1, 2, 0]])


def test_disturbed_crops_differ_and_keep_their_shape() -> None:
    mel = np.random.default_rng(0).normal(size=(30, 12)).astype(np.float32)

    one, other = (disturb(mel, np.random.default_rng(seed)) for seed in (1, 2))

    assert one.shape == mel.shape
    assert np.isfinite(one).all()
    assert not np.allclose(one, other)


def test_views_come_back_from_their_archive_and_depend_on_name_and_seed_alone(
    voice: NDArray[np.float32], tmp_path: Path
) -> None:
    made = hear_views("a", voice, 0)
    save_views([made], tmp_path / "views.npz")

    (kept,) = load_views(tmp_path / "views.npz")
    again = hear_views("a", voice, 0)

    assert kept.name == "a"
    for kind in KINDS:
        for one, other, third in zip(made.mels[kind], kept.mels[kind], again.mels[kind], strict=True):
            np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(one, third)


def trainee(bank: ViewBank, name: ObjectiveName, switches: Switches) -> SelfSupervisedTrainee:
    torch.manual_seed(0)
    preset = SelfSupervisedPreset(ObjectivePreset(name, momentum=0.9, queue=32), switches, clips=24, crop_frames=20)
    return SelfSupervisedTrainee(Trunk(SMALL), SMALL.timbre_dim, bank, bank, lambda encoder: {"score": 0.0}, preset)


def step(one: SelfSupervisedTrainee, number: int, optimizer: torch.optim.Optimizer) -> float:
    loss = one.losses(number, Share())["total"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_teaches_which_crops_belong_together(bank: ViewBank, name: ObjectiveName) -> None:
    one = trainee(bank, name, Switches("negative", "positive"))
    before = one.held_out_loss()
    one.network.train()
    optimizer = torch.optim.AdamW((p for p in one.network.parameters() if p.requires_grad), 0.01)

    for number in range(25):
        step(one, number, optimizer)

    assert one.held_out_loss()["loss"] < before["loss"]
    assert set(one.validate()) == {"loss", "chance", "score"}


@pytest.mark.parametrize("name", ["queue", "byol"])
def test_a_run_goes_on_from_its_state_as_if_never_broken(bank: ViewBank, name: ObjectiveName) -> None:
    unbroken, resumed = (trainee(bank, name, Switches("off", "off")) for _ in range(2))
    unbroken.network.train()
    optimizer = torch.optim.SGD((p for p in unbroken.network.parameters() if p.requires_grad), 0.1)
    for number in range(3):
        step(unbroken, number, optimizer)

    resumed.network.load_state_dict(unbroken.network.state_dict())
    resumed.network.train()

    assert resumed.losses(3, Share())["total"].item() == unbroken.losses(3, Share())["total"].item()


def test_telling_the_held_out_loss_changes_nothing(bank: ViewBank) -> None:
    one = trainee(bank, "queue", Switches("off", "off"))
    before = {name: tensor.clone() for name, tensor in one.network.state_dict().items()}

    assert one.held_out_loss() == one.held_out_loss()

    for name, tensor in one.network.state_dict().items():
        assert torch.equal(tensor, before[name])
