"""Clips of three kinds beside each other: natural recordings, their share of a fit, and a start from a checkpoint."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from singalike.embeddings.checkpoint import Checkpoint
from singalike.embeddings.gmm import Mixture
from singalike.embeddings.log_covariance import LogCovariance
from singalike.embeddings.projection import Projection
from singalike.embeddings.timbre import LinearTimbre, TimbreEncoder
from singalike.embeddings.training.clips import VariedClips
from singalike.embeddings.training.datasets import TrainingVoice
from singalike.embeddings.training.expressive_singers import hear_expressively
from singalike.embeddings.training.generator import LEVEL, analyse_voice, at_level
from singalike.embeddings.training.linear import fit_lda, weigh_by_reliability
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.natural_clips import (
    Channel,
    NaturalClips,
    hear_naturally,
    resampled,
    through_unknown,
)
from singalike.embeddings.training.phones import by_phone
from singalike.embeddings.training.pooled_linear import ClassSet, fit_pooled
from singalike.embeddings.training.presets import preset_names, read_preset
from singalike.embeddings.training.timbre import LinearPreset, TimbrePreset, fit_linear
from singalike.embeddings.training.timbre_clips import KINDS, Kind, TimbreClip, hear_voice
from singalike.embeddings.training.timbre_network import NetworkTrainee, NetworkTraining, distance_of_cosines
from singalike.embeddings.training.timbre_teacher import build_teacher
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.errors import InvalidInputError, WrongStateError
from tests.support.buzzing import buzzing_voice

SHAPE = TrunkPreset(narrow=8, wide=12, blocks=1, kernel=3, timbre_dim=6, dropout=0.0)
MELODY = Melody(np.array([60.0, 64.0, 67.0]), np.array([0.3, 0.3, 0.4]))
SETTINGS = NetworkTraining(singers=6, views=2, crop_frames=24, margin_from=10, pull=2.0)


def clips_of(singers: int, kind: Kind = "invented", seed: int = 0) -> list[TimbreClip]:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    colours = rng.normal(0.0, 1.5, (singers, 100))
    return [
        TimbreClip(
            "v",
            f"{kind}{singer}",
            augmented=index == 3,
            frames=(rng.normal(size=(40, 100)) + colours[singer]).astype(np.float16),
            active=np.ones(40, dtype=bool),
            kind=kind,
        )
        for singer in range(singers)
        for index in range(4)
    ]


def small_encoder() -> TimbreEncoder:
    torch.manual_seed(5)
    rng = np.random.default_rng(5)

    def projection(inputs: int) -> Projection:
        return Projection(np.zeros(inputs, np.float32), rng.normal(size=(inputs, 4)).astype(np.float32))

    mixture = Mixture(
        np.full(2, 0.5, np.float32), rng.normal(size=(2, 20)).astype(np.float32), np.ones((2, 20), np.float32), 8.0
    )
    covariance = LogCovariance(np.ones(30, np.float32))
    return TimbreEncoder(LinearTimbre(covariance, projection(675), mixture, projection(40)), Trunk(SHAPE).eval(), 1.0)


def class_set(share: float, seed: int) -> ClassSet:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(8), 6)
    return ClassSet(rng.normal(size=(8, 5))[labels] * [3, 2, 1, 1, 0.1] + rng.normal(size=(48, 5)), labels, share)


def test_every_speed_of_a_recording_is_a_person_with_clean_and_changed_clips(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "v.wav", buzzing_voice(1.5), 16_000)
    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")
    settings = NaturalClips(factors=(1.0, 1.1), crops=2, sung=1, duration_s=0.6)
    analysis = analyse_voice(buzzing_voice(1.5))

    made = hear_naturally(who, analysis, [MELODY], settings, 0, tmp_path / "one")
    again = hear_naturally(who, analysis, [MELODY], settings, 0, tmp_path / "two")

    assert [clip.singer for clip in made] == ["v@1.00"] * 6 + ["v@1.10"] * 6
    assert [clip.augmented for clip in made[:6]] == [False, True] * 3
    assert {clip.kind for clip in made} == {"natural"}
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def test_without_speeds_nothing_is_cut(tmp_path: Path) -> None:
    who = TrainingVoice("v", "f", tmp_path / "absent.wav", "toy", "CC0-1.0")

    assert hear_naturally(who, analyse_voice(buzzing_voice(1.0)), [MELODY], NaturalClips(), 0, tmp_path) == []


@pytest.mark.parametrize("channel", [by_phone, through_unknown])
def test_a_channel_changes_a_clip_and_keeps_its_length_and_level(channel: Channel) -> None:
    voice = at_level(buzzing_voice(1.0))

    changed = [channel(voice, np.random.default_rng(seed)) for seed in range(6)]

    for heard in changed:
        assert heard.shape == voice.shape
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(LEVEL, rel=1e-3)
        assert abs(np.corrcoef(heard, voice)[0, 1]) < 0.995


def test_held_out_voices_are_heard_through_channels_that_none_trains_on(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "v.wav", buzzing_voice(1.5), 16_000)
    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")
    settings = NaturalClips(factors=(1.0,), crops=1, sung=0, duration_s=0.6)
    analysis = analyse_voice(buzzing_voice(1.5))

    trains = hear_naturally(who, analysis, [MELODY], settings, 0, tmp_path / "clips")
    judged = hear_naturally(who, analysis, [MELODY], settings, 0, tmp_path / "clips", through_unknown)

    np.testing.assert_array_equal(trains[0].frames, judged[0].frames)
    assert not np.array_equal(trains[1].frames, judged[1].frames)


def test_a_recording_played_faster_is_shorter_and_higher() -> None:
    tone = np.sin(2 * np.pi * 500.0 * np.arange(16_000) / 16_000).astype(np.float32)

    faster = resampled(tone, 1.1)

    assert len(faster) == pytest.approx(16_000 / 1.1, abs=2)
    peak_hz = np.abs(np.fft.rfft(faster)).argmax() * 16_000 / len(faster)
    assert peak_hz == pytest.approx(550.0, abs=2.0)


def test_one_set_alone_is_fitted_as_by_discriminant_analysis() -> None:
    only = class_set(1.0, 0)

    pooled = fit_pooled([only], 3, 0.4)

    plain = weigh_by_reliability(fit_lda(only.values, only.labels, 3, 0.4), only.values, only.labels)
    np.testing.assert_allclose(pooled.matrix, plain.matrix, rtol=1e-6)
    np.testing.assert_array_equal(pooled.mean, plain.mean)


def test_what_tells_two_sets_apart_is_no_difference_between_people() -> None:
    one, other = class_set(0.5, 0), class_set(0.5, 1)
    moved = replace(other, values=other.values + np.array([0, 0, 0, 0, 50.0]))

    near, far = fit_pooled([one, other], 3, 0.4), fit_pooled([one, moved], 3, 0.4)

    np.testing.assert_allclose(near.matrix, far.matrix, rtol=1e-5, atol=1e-7)


def test_a_set_counts_by_its_share() -> None:
    one, other = class_set(1.0, 0), class_set(0.0, 1)

    np.testing.assert_allclose(fit_pooled([one, other], 3, 0.4).matrix, fit_pooled([one], 3, 0.4).matrix, rtol=1e-6)
    assert not np.allclose(
        fit_pooled([replace(one, share=0.5), replace(other, share=0.5)], 3, 0.4).matrix,
        fit_pooled([one], 3, 0.4).matrix,
    )


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.0, 0), (1.0, 5)])
def test_natural_singers_have_their_share_of_a_batch(share: float, expected: int) -> None:
    clips = clips_of(8) + clips_of(5, kind="natural")
    trainee = NetworkTrainee(SHAPE, replace(SETTINGS, natural=share), clips, clips_of(2, seed=3), 0)

    chosen = trainee._choose(np.random.default_rng(0))

    assert len(set(chosen.tolist())) == 6
    assert sum(label >= 8 for label in chosen) == expected


def test_training_starts_where_the_checkpoint_is_and_leaves_it_alone() -> None:
    start = small_encoder()
    before = {name: value.clone() for name, value in start.trunk.state_dict().items()}
    clips = clips_of(8)
    teacher = build_teacher(start, small_encoder().linear, clips)
    trainee = NetworkTrainee(SHAPE, SETTINGS, clips, clips_of(2, seed=3), 0, teacher=teacher)
    for name, value in trainee.trunk.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    optimizer = torch.optim.SGD(trainee.network.parameters(), 0.1)

    losses = trainee.losses(0, Share())
    losses["total"].backward()
    optimizer.step()

    assert losses["total"].item() == pytest.approx(
        (losses["contrastive"] + 0.2 * losses["angular"] + 2.0 * losses["pull"]).item(), abs=1e-5
    )
    for name, value in start.trunk.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    assert any(not torch.equal(value, before[name]) for name, value in trainee.trunk.state_dict().items())


def test_a_start_of_another_shape_is_refused() -> None:
    start, clips = small_encoder(), clips_of(8)
    teacher = build_teacher(start, start.linear, clips)

    with pytest.raises(InvalidInputError, match="give the preset its shape"):
        NetworkTrainee(replace(SHAPE, wide=16), SETTINGS, clips, clips_of(2), 0, teacher=teacher)


def test_the_pull_ends_where_the_cosines_between_clips_are_the_teachers() -> None:
    taught = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.6, 0.8], [0.6, 0.8]])
    turned = taught.flip(1)

    assert distance_of_cosines(turned, taught).item() == pytest.approx(0.0)
    assert distance_of_cosines(torch.eye(4), taught).item() == pytest.approx((4 * 1.0 + 8 * 0.36) / 12)


def test_a_changed_copy_is_taught_what_its_clean_clip_is() -> None:
    start, clips = small_encoder(), clips_of(3)

    teacher = build_teacher(start, start.linear, clips)

    np.testing.assert_array_equal(teacher.taught[3::4], teacher.taught[2::4])
    np.testing.assert_array_equal(teacher.own[3::4], teacher.own[2::4])
    assert not np.allclose(teacher.taught[1::4], teacher.taught[2::4])


def test_validation_counts_every_kind_of_clips_the_same() -> None:
    held_out = clips_of(4, seed=9) + clips_of(4, kind="expressive", seed=9)
    trainee = NetworkTrainee(SHAPE, SETTINGS, clips_of(8), held_out, 0)
    alone = NetworkTrainee(SHAPE, SETTINGS, clips_of(8), held_out[:16], 0)
    trainee.network.eval()
    alone.network.eval()

    with torch.no_grad():
        both, invented = trainee.validate(), alone.validate()

    assert set(both) == {"score", "invented", "expressive", "equal_error_rate"}
    assert both["invented"] == invented["score"] == invented["invented"]
    assert both["score"] == pytest.approx((both["invented"] + both["expressive"]) / 2)
    assert both["equal_error_rate"] == invented["equal_error_rate"]


def test_a_single_expression_of_a_singer_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"expressive": 1}', "utf-8")

    with pytest.raises(InvalidInputError, match="expressive must be 0 or at least 2") as refused:
        read_preset("timbre", str(file), TimbrePreset)

    assert refused.value.reason == "BAD_PRESET"


def test_every_kind_of_clips_counts_the_same_in_the_linear_part() -> None:
    clips = clips_of(6) + clips_of(6, kind="expressive") + clips_of(6, kind="natural")
    preset = LinearPreset(statistics_dims=4, supervector_dims=4, components=2)

    once, twice = fit_linear(clips, preset, 0), fit_linear(clips + clips[24:48], preset, 0)

    np.testing.assert_allclose(np.abs(once.statistics.matrix), np.abs(twice.statistics.matrix), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", preset_names("timbre"))
def test_shipped_presets_of_timbre_can_be_read(name: str) -> None:
    preset = read_preset("timbre", name, TimbrePreset)

    assert bool(preset.natural.factors) == (name in {"default", "refine"})
    assert (preset.expressive > 0) == (preset.network.pull > 0) == (name == "refine")


def test_an_expression_makes_no_other_person(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "v.wav", buzzing_voice(1.5), 16_000)
    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")
    analysis, settings = analyse_voice(buzzing_voice(1.5)), VariedClips(warps=(0.9, 1.1), clips=1, duration_s=0.6)

    plain = hear_voice(who, analysis, [MELODY], settings, 0)
    made = hear_expressively(who, analysis, [MELODY], settings, 2, 0, tmp_path / "one")
    again = hear_expressively(who, analysis, [MELODY], settings, 2, 0, tmp_path / "two")

    assert [clip.singer for clip in made] == ["vx0.90"] * 2 + ["vx1.10"] * 2
    assert {clip.singer for clip in plain} == {clip.singer for clip in made}
    assert {(clip.kind, clip.augmented) for clip in made} == {("expressive", False)}
    assert not np.array_equal(made[0].frames, made[1].frames)
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def test_without_expressions_nothing_is_performed(tmp_path: Path) -> None:
    who = TrainingVoice("v", "f", tmp_path / "absent.wav", "toy", "CC0-1.0")
    settings = VariedClips(warps=(0.9,), clips=1, duration_s=0.6)

    assert hear_expressively(who, analyse_voice(buzzing_voice(1.0)), [MELODY], settings, 0, 0, tmp_path) == []


def test_a_checkpoint_of_before_covariances_is_refused() -> None:
    tensors = small_encoder().tensors()
    del tensors["statistics_deviations"]

    with pytest.raises(WrongStateError, match="train it again, or use") as refused:
        TimbreEncoder.from_checkpoint(Checkpoint("timbre", tensors, small_encoder().config(), ""))

    assert refused.value.reason == "CHECKPOINT_OLD"
