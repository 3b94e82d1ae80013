"""Training the timbre network, and the clips that it hears."""

from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.embeddings.training.clips import VariedClips, varied_clips
from singalike.embeddings.training.datasets import TrainingVoice
from singalike.embeddings.training.generator import VoiceAnalysis, analyse_voice, articulate, invent_singer
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.timbre_clips import TimbreClip, hear_voice
from singalike.embeddings.training.timbre_network import NetworkTrainee, NetworkTraining
from singalike.embeddings.training.timbre_teacher import embed_clips
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.verification import identity_figures
from singalike.embeddings.trunk import TrunkPreset
from tests.support.buzzing import buzzing_voice

SHAPE = TrunkPreset(narrow=8, wide=12, blocks=1, kernel=3, timbre_dim=6, dropout=0.0)
FEW = VariedClips(warps=(0.9, 1.1), clips=2, duration_s=0.5)
MELODY = Melody(np.array([60.0, 64.0, 67.0]), np.array([0.3, 0.3, 0.4]))


def invented_clips(singers: int, seed: int = 0) -> list[TimbreClip]:
    rng = np.random.default_rng(seed)
    colours = rng.normal(0.0, 1.5, (singers, 100))
    return [
        TimbreClip(
            "v",
            str(singer),
            augmented=False,
            frames=(rng.normal(size=(40, 100)) + colours[singer]).astype(np.float16),
            active=np.ones(40, dtype=bool),
        )
        for singer in range(singers)
        for _ in range(4)
    ]


def new_trainee(seed: int = 0) -> NetworkTrainee:
    settings = NetworkTraining(singers=6, views=2, crop_frames=24, margin_from=10)
    return NetworkTrainee(SHAPE, settings, invented_clips(8), invented_clips(4, seed=9), seed)


@pytest.fixture(scope="module")
def voice() -> VoiceAnalysis:
    return analyse_voice(buzzing_voice(1.5))


def test_a_step_hears_the_same_whenever_it_is_taken() -> None:
    first, second = new_trainee(), new_trainee()
    for trainee in (first, second):
        trainee.network.eval()
    for step in range(3):
        first.losses(step, Share())

    early, late = first.losses(7, Share()), second.losses(7, Share())

    assert set(early) == {"total", "contrastive", "angular"}
    torch.testing.assert_close(early["total"], late["total"], atol=0, rtol=0)


def test_two_processes_hear_different_halves_of_one_batch() -> None:
    trainee = new_trainee()
    trainee.network.eval()

    whole = trainee.losses(0, Share())["angular"]
    halves = [trainee.losses(0, Share(rank, 2))["angular"] for rank in range(2)]

    torch.testing.assert_close(torch.stack(halves).mean(), whole, atol=1e-5, rtol=0)
    assert halves[0] != halves[1]


def test_a_few_steps_teach_the_network_to_tell_spectra_apart() -> None:
    trainee = new_trainee()
    clips = invented_clips(8)
    singers = [clip.singer for clip in clips]
    untrained = identity_figures(embed_clips(trainee.trunk.eval(), clips), singers)
    optimizer = torch.optim.AdamW(trainee.network.parameters(), 0.01)

    trainee.network.train()
    for step in range(60):
        optimizer.zero_grad()
        trainee.losses(step, Share())["total"].backward()
        optimizer.step()

    figures = identity_figures(embed_clips(trainee.trunk.eval(), clips), singers)
    assert figures.mean_average_precision > max(0.9, untrained.mean_average_precision)


def test_validation_measures_the_voices_held_out() -> None:
    trainee = new_trainee()
    trainee.network.eval()

    with torch.no_grad():
        figures = trainee.validate()

    assert 0.0 < figures["score"] <= 1.0
    assert 0.0 <= figures["equal_error_rate"] <= 1.0


def test_clips_kept_on_disk_are_the_clips_that_were_made(voice: VoiceAnalysis, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "v.wav", buzzing_voice(1.5), 16_000)
    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")

    made = hear_voice(who, voice, [MELODY], FEW, 3)
    kept = hear_voice(who, voice, [MELODY], FEW, 3, tmp_path / "clips")
    again = hear_voice(who, voice, [], FEW, 3, tmp_path / "clips")

    assert [clip.singer for clip in made] == [clip.singer for clip in again]
    assert len({clip.singer for clip in made}) == 2
    for one, other, third in zip(made, kept, again, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.frames, third.frames)
        np.testing.assert_array_equal(one.active, third.active)


def test_clips_of_another_recording_of_the_same_name_are_made_anew(voice: VoiceAnalysis, tmp_path: Path) -> None:
    import soundfile

    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")
    for seed in (0, 1):
        soundfile.write(who.path, buzzing_voice(1.5, seed=seed), 16_000)
        hear_voice(who, voice, [MELODY], FEW, 3, tmp_path / "clips")

    assert len(list((tmp_path / "clips").rglob("*.npy"))) == 2


def test_labels_are_those_of_the_clips_that_are_made(voice: VoiceAnalysis, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "v.wav", buzzing_voice(1.5), 16_000)
    who = TrainingVoice("v", "f", tmp_path / "v.wav", "toy", "CC0-1.0")

    clips = list(varied_clips(voice, "v", [MELODY], 3, FEW))
    heard = hear_voice(who, voice, [MELODY], FEW, 3)

    assert [(c.singer, c.augmented) for c in heard] == [(c.singer, c.augmented) for c in clips]


def test_a_clip_is_articulated_otherwise_by_the_same_singer() -> None:
    rng = np.random.default_rng(0)
    singer = invent_singer(1.0, rng)

    moved = [articulate(singer, rng) for _ in range(200)]

    assert {m.tilt_db_per_octave for m in moved} == {singer.tilt_db_per_octave}
    assert 0.015 < np.std([np.log(m.low_warp) for m in moved]) < 0.035
