"""Training the melody encoder in the small: renditions, losses, the discriminant."""

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.melody_vector import ShinglePreset
from singalike.embeddings.periodicity import Periodicity
from singalike.embeddings.tcae import Tcae, TcaePreset
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.melody import MelodyTraining
from singalike.embeddings.training.melody_clips import Material, Shard, make_shard, rendition_mel
from singalike.embeddings.training.melody_projection import fit_discriminant, kernel_means, sing_with_slips
from singalike.embeddings.training.melody_shards import ShardShelf
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.presets import preset_names, read_preset
from singalike.embeddings.training.renditions import render
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.tcae_training import HELD_OUT, TcaeTrainee, TcaeTraining, soft_bins, tcae_loss
from singalike.embeddings.training.trainee import Share
from tests.support.shelves import ask_a_shelf, render_at_once, rendered_number
from tests.support.tiny_trainee import counting_clock

TINY = TcaePreset(channels=8, latent_dim=4, encoder_dilations=(1,), decoder_dilations=(1,))


def line(seed: int = 0, notes: int = 40) -> NoteLine:
    rng = np.random.default_rng(seed)
    start_s = np.arange(notes) * 0.5
    return NoteLine(f"song {seed}", start_s, start_s + 0.45, 60.0 + np.cumsum(rng.integers(-3, 4, notes)) % 12)


def test_a_rendition_holds_the_pitch_that_it_states() -> None:
    rendition = render(line(), 4.0, (), np.random.default_rng(4))

    # Named 40 cents off, the track is pulled onto the true period wherever the stated pitch is what sounds.
    midi_pitch = rendition.midi_pitch[::2]
    named = PitchTrack(midi_to_hz(midi_pitch + 0.4).astype(np.float32), np.ones(len(midi_pitch), np.float32), 0.016)
    voiced = np.isfinite(midi_pitch)
    period = Periodicity.measure(rendition.waveform, np.flatnonzero(voiced), named.hop_s, 16_000)
    measured = period.refine(named).midi_pitch

    assert voiced.mean() > 0.3
    assert np.nanmedian(np.abs(measured - midi_pitch)) < 0.1
    assert rendition.waveform.shape == (64_000,)
    assert np.isfinite(rendition.waveform).all()


def test_the_same_seed_makes_the_same_shard_and_another_index_another_one() -> None:
    material = Material((line(0), line(1)), ())

    first, again, other = make_shard(material, 0, 5), make_shard(material, 0, 5), make_shard(material, 0, 6)

    np.testing.assert_array_equal(first.mel, again.mel)
    np.testing.assert_array_equal(first.midi_pitch, again.midi_pitch)
    assert np.abs(first.mel - other.mel).max() > 1.0
    assert first.mel.shape == (24, 48, 375)
    assert first.midi_pitch.shape == (24, 375)


def test_soft_bins_sum_to_one_and_have_their_mean_at_the_pitch() -> None:
    bins = soft_bins(torch.tensor([48.0, 60.3]), TINY, 0.35)

    centres = 36.0 + torch.arange(97) / 2
    torch.testing.assert_close(bins.sum(1), torch.ones(2))
    torch.testing.assert_close((bins * centres).sum(1), torch.tensor([48.0, 60.3]), atol=0.01, rtol=0)


def tiny_shards() -> Callable[[int], Shard]:
    rng = np.random.default_rng(0)
    waveforms = [render(line(seed), 2.0, (), rng) for seed in range(4)]
    mel = rendition_mel([rendition.waveform for rendition in waveforms])[:, :, :125]
    midi_pitch = np.stack([rendition.midi_pitch[::2] for rendition in waveforms])
    # A shard of another number holds the same clips in another order.
    return lambda number: Shard(np.roll(mel, number, axis=0), np.roll(midi_pitch, number, axis=0))


def trained(folder: Path, stop: Callable[[], bool] = lambda: False) -> Tcae:
    torch.manual_seed(0)
    trainee = TcaeTrainee(Tcae(TINY), TcaeTraining(batch=4, pool=2, held_out=1), tiny_shards(), seed=0)
    loop = LoopPreset(steps=90, learning_rate=2e-3, warm_up=3, validate_every=90, save_every=10)
    train(trainee, RunPlan("melody", loop), RunFolder(folder), Surroundings(counting_clock(), stop=stop))
    return trainee.network


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    torch.manual_seed(0)
    untrained, settings, shard = Tcae(TINY), TcaeTraining(), tiny_shards()(0)

    tcae = trained(tmp_path)

    untrained.mel_mean.copy_(tcae.mel_mean)
    untrained.mel_scale.copy_(tcae.mel_scale)
    mel, midi_pitch = torch.from_numpy(shard.mel).clamp(min=-12.0), torch.from_numpy(shard.midi_pitch)
    before, after = (tcae_loss(network, mel, midi_pitch, settings)["total"].item() for network in (untrained, tcae))
    assert after < 0.9 * before


def test_a_broken_training_goes_on_to_the_same_tcae(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    answers = iter([False] * 40 + [True])

    trained(tmp_path / "broken", stop=lambda: next(answers))
    resumed = trained(tmp_path / "broken")

    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=0, rtol=0)


def test_a_shelf_renders_each_shard_once_and_ahead_of_need_and_deletes_old_ones(tmp_path: Path) -> None:
    rendered: list[int] = []
    render_now = render_at_once(rendered)

    shelf = ShardShelf(render_now, tmp_path, remembered=2, ahead=3)
    for number in range(8):
        for needed in range(max(number - 1, 0), number + 1):
            np.testing.assert_array_equal(shelf(needed).mel, rendered_number(needed).mel)
    shelf(HELD_OUT)
    after_a_kill = ShardShelf(render_now, tmp_path, remembered=2, ahead=0)
    after_a_kill(6), after_a_kill(7), after_a_kill(HELD_OUT)

    assert sorted(rendered) == [*range(11), HELD_OUT]
    assert sorted(int(file.stem) for file in tmp_path.iterdir()) == [4, 5, 6, 7, HELD_OUT]


def test_a_shelf_renders_again_what_is_damaged_or_gone(tmp_path: Path) -> None:
    render_now = render_at_once([])
    ShardShelf(render_now, tmp_path, remembered=9, ahead=0)(5)
    (tmp_path / "000005.safetensors").write_bytes(b"cut")

    shard = ShardShelf(render_now, tmp_path, remembered=9, ahead=0)(5)

    np.testing.assert_array_equal(shard.mel, rendered_number(5).mel)


def test_processes_share_the_rendering_and_see_the_same_shards(tmp_path: Path) -> None:
    children = multiprocessing.get_context("forkserver")
    pair = [children.Process(target=ask_a_shelf, args=(tmp_path, Share(rank, 2))) for rank in (0, 1)]

    for process in pair:
        process.start()
    for process in pair:
        process.join()

    first, second = (json.loads((tmp_path / f"{rank}.json").read_text("utf-8")) for rank in (0, 1))
    assert first == {"seen": [0.0, 1.0, 2.0, 3.0], "rendered": [0, 2]}
    assert second == {"seen": [0.0, 1.0, 2.0, 3.0], "rendered": [1, 3]}


@pytest.mark.parametrize("dim", [2, 4])
def test_the_discriminant_keeps_what_classes_differ_in(dim: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(60), 5)
    values = rng.normal(0, 5.0, (300, 12))
    values[:, :4] = rng.normal(0, 1.0, (60, 4))[labels] + rng.normal(0, 0.1, (300, 4))

    projection = fit_discriminant(values.astype(np.float32), labels, dim)

    kept = np.abs(projection.matrix)
    assert kept.shape == (12, dim)
    assert kept[4:].max() < 0.1 * kept[:4].max()


def test_renditions_of_one_phrase_are_nearer_than_other_phrases() -> None:
    means, labels = kernel_means([line(seed) for seed in range(6)], 6, 3, sing_with_slips, ShinglePreset(), seed=0)

    centred = means - means.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    similarity = centred @ centred.T
    same = labels[:, None] == labels[None, :]
    np.fill_diagonal(same, False)
    assert similarity[same].mean() > similarity[labels[:, None] != labels[None, :]].mean() + 0.2


def test_a_phrase_whose_later_rendition_falls_into_silence_is_still_rendered() -> None:
    one_note = NoteLine("short", np.array([0.0]), np.array([2.0]), np.array([60.0]))
    long_song = line(3, notes=60)

    means, labels = kernel_means([one_note, long_song], 6, 4, sing_with_slips, ShinglePreset(features=16), seed=1)

    assert len(means) == len(labels)
    assert set(np.bincount(labels)[np.unique(labels)]) <= {1, 2, 3, 4}


def test_every_shipped_preset_of_melody_is_read() -> None:
    presets = {name: read_preset("melody", name, MelodyTraining) for name in preset_names("melody")}

    assert set(presets) == {"default", "large", "quick"}
    assert presets["default"].training == TcaeTraining()
    assert presets["quick"].loop.steps < presets["default"].loop.steps < presets["large"].loop.steps
