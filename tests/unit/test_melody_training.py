"""Training the melody encoder in the small: renditions, losses, the discriminant."""

from itertools import repeat

import numpy as np
import pytest
import torch

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.mel import MELODY_MEL, log_mel
from singalike.embeddings.melody_vector import ShinglePreset
from singalike.embeddings.pitch_refinement import refine_pitch
from singalike.embeddings.tcae import Tcae, TcaePreset
from singalike.embeddings.training.melody_clips import Material, Shard, make_shard
from singalike.embeddings.training.melody_projection import fit_discriminant, kernel_means, sing_with_slips
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.renditions import render
from singalike.embeddings.training.tcae_training import TcaeTraining, soft_bins, tcae_loss, train_tcae

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
    measured = refine_pitch(named, rendition.waveform, 16_000).midi_pitch

    voiced = np.isfinite(midi_pitch)
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


def test_training_lowers_the_loss_and_is_repeatable() -> None:
    rng = np.random.default_rng(0)
    waveforms = [render(line(seed), 2.0, (), rng) for seed in range(4)]
    mel = log_mel(torch.from_numpy(np.stack([r.waveform for r in waveforms])), MELODY_MEL).numpy()[:, :, :125]
    shard = Shard(mel, np.stack([r.midi_pitch[::2] for r in waveforms]))
    settings = TcaeTraining(shards=30, batch=4, pool=2, warm_up=3)

    def trained() -> Tcae:
        torch.manual_seed(0)
        return train_tcae(Tcae(TINY), settings, repeat(shard), seed=0)[0]

    torch.manual_seed(0)
    untrained, first, again = Tcae(TINY), trained(), trained()
    untrained.mel_mean.copy_(first.mel_mean)
    untrained.mel_scale.copy_(first.mel_scale)
    levelled = torch.from_numpy(mel).clamp(min=-12.0)
    losses = [float(tcae_loss(tcae, levelled, torch.from_numpy(shard.midi_pitch), settings)[0].detach())
              for tcae in (untrained, first)]  # fmt: skip

    assert losses[1] < 0.9 * losses[0]
    for name, value in first.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, atol=0, rtol=0)


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
