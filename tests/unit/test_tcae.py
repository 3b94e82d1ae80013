"""The TCAE: causal, length-preserving, blind to padding, with exactly the receptive field that it states."""

import numpy as np
import pytest
import torch

from singalike.embeddings.mel import MELODY_MEL
from singalike.embeddings.tcae import Tcae, TcaePreset, level_mel
from singalike.errors import InvalidInputError

TOLERANCE = 1e-5
PRESET = TcaePreset()
SMALL = TcaePreset(channels=16, latent_dim=8)


def network(preset: TcaePreset = SMALL) -> Tcae:
    torch.manual_seed(0)
    return Tcae(preset).eval().requires_grad_(False)


def mels(batch: int, frames: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(batch, 48, frames, generator=torch.Generator().manual_seed(seed)).clamp(min=-11.0)


def test_the_shipped_shape_has_the_receptive_field_of_its_formula() -> None:
    assert PRESET.latent_receptive_field == 120  # frames: 1.92 s
    assert PRESET.mel_receptive_field == 144
    assert SMALL.latent_receptive_field == 120


def test_the_measured_receptive_field_of_a_latent_is_the_stated_one() -> None:
    tcae = network().requires_grad_(False)
    mel = mels(1, 401).requires_grad_(True)

    tcae.encode(mel)[0, :, 80].abs().sum().backward()

    assert mel.grad is not None
    touched = np.flatnonzero(mel.grad[0].abs().sum(0).numpy())
    assert touched[-1] == 80 * 4
    assert touched[0] == 80 * 4 - SMALL.latent_receptive_field + 1


def test_the_measured_receptive_field_of_a_rebuilt_frame_is_the_stated_one() -> None:
    tcae = network()
    mel = mels(1, 401).requires_grad_(True)

    tcae.decode(tcae.encode(mel), 401)[0, :, 320].abs().sum().backward()

    assert mel.grad is not None
    touched = np.flatnonzero(mel.grad[0].abs().sum(0).numpy())
    assert touched[-1] == 320
    assert len(touched) == SMALL.mel_receptive_field


@pytest.mark.parametrize("changed_frame", [40, 41, 42, 43, 160])
def test_no_latent_hears_the_future(changed_frame: int) -> None:
    tcae = network()
    mel = mels(1, 201)
    other = mel.clone()
    other[:, :, changed_frame:] += 3.0

    change = (tcae.encode(other) - tcae.encode(mel)).abs().amax(dim=(0, 1))

    first = -(-changed_frame // 4)
    assert change[:first].max() == 0.0
    assert change[first] > 0.0


def test_no_rebuilt_frame_hears_a_later_step() -> None:
    tcae = network()
    mel = mels(1, 201)
    other = mel.clone()
    other[:, :, 101:] += 3.0

    change = (tcae.decode(tcae.encode(other), 201) - tcae.decode(tcae.encode(mel), 201)).abs().amax(dim=(0, 1))

    assert change[:101].max() == 0.0


def test_pitch_looks_ahead_one_step_and_no_further() -> None:
    tcae = network()
    lengths = torch.tensor([200])
    mel = mels(1, 200)
    other = mel.clone()
    other[:, :, 105:] += 3.0

    change = (tcae.analyse(other, lengths)[1].pitch - tcae.analyse(mel, lengths)[1].pitch).abs().amax(dim=(0, 2))

    # Step 25 holds frames 100..103 and reads latent 26, complete at frame 104; step 26 reads up to frame 108.
    assert change[:104].max() == 0.0
    assert change[104:108].min() > 0.0


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 119, 120, 121, 376])
def test_every_length_is_preserved(frames: int) -> None:
    tcae = network()
    lengths = torch.tensor([frames])

    rebuilt, logits = tcae(mels(1, frames), lengths)
    latent, _ = tcae.analyse(mels(1, frames), lengths)

    assert rebuilt.shape == (1, 48, frames)
    assert logits.pitch.shape == (1, frames, 97)
    assert logits.voicing.shape == (1, frames)
    assert logits.chroma.shape == (1, frames, 12)
    assert latent.shape == (1, 8, SMALL.steps(frames))


def test_a_recording_gives_the_same_alone_and_in_a_batch() -> None:
    tcae = network(PRESET)
    lengths = torch.tensor([90, 203, 7, 160])
    batch = mels(4, 203)

    latent, logits = tcae.analyse(batch, lengths)

    for row, length in enumerate(lengths.tolist()):
        alone_latent, alone = tcae.analyse(batch[row : row + 1, :, :length], lengths[row : row + 1])
        steps = PRESET.steps(length)
        torch.testing.assert_close(latent[row, :, :steps], alone_latent[0], atol=TOLERANCE, rtol=0)
        torch.testing.assert_close(logits.pitch[row, :length], alone.pitch[0], atol=TOLERANCE, rtol=0)
        torch.testing.assert_close(logits.voicing[row, :length], alone.voicing[0], atol=TOLERANCE, rtol=0)


def test_outputs_past_a_recording_are_zero() -> None:
    tcae = network()

    latent, logits = tcae.analyse(mels(2, 100), torch.tensor([41, 100]))

    assert latent[0, :, 11:].abs().max() == 0.0
    assert latent[0, :, 10].abs().max() > 0.0
    assert logits.pitch[0, 41:].abs().max() == 0.0
    assert logits.voicing[0, 41:].abs().max() == 0.0
    assert logits.chroma[0, 41:].abs().max() == 0.0


def test_what_stands_in_the_padding_does_not_matter() -> None:
    tcae = network()
    lengths = torch.tensor([41, 100])
    batch = mels(2, 100)
    other = batch.clone()
    other[0, :, 41:] = 7.0

    latent, logits = tcae.analyse(batch, lengths)
    other_latent, other_logits = tcae.analyse(other, lengths)

    torch.testing.assert_close(other_latent, latent, atol=0, rtol=0)
    torch.testing.assert_close(other_logits.pitch, logits.pitch, atol=0, rtol=0)


def test_a_stream_of_chunks_gives_the_latents_of_the_whole() -> None:
    tcae = network()
    mel = mels(1, 401)
    # Whole steps of context that cover the receptive field make each chunk independent of what lies before.
    context = 120

    whole = tcae.encode(mel)
    chunks = [tcae.encode(mel[:, :, first - context : first + 41])[:, :, -10:] for first in (200, 240, 280)]

    torch.testing.assert_close(torch.cat(chunks, dim=2), whole[:, :, 51:81], atol=TOLERANCE, rtol=0)


def test_two_minutes_give_one_latent_every_64_ms() -> None:
    assert PRESET.steps(MELODY_MEL.frames(120 * 16_000)) == 1876


def test_a_gain_changes_no_levelled_mel() -> None:
    mel = mels(2, 50) - 4.0
    lengths = torch.tensor([50, 30])

    torch.testing.assert_close(
        level_mel(mel + 2.0, lengths, -12.0), level_mel(mel, lengths, -12.0), atol=TOLERANCE, rtol=0
    )


def test_silence_is_levelled_to_silence() -> None:
    levelled = level_mel(torch.full((1, 48, 20), -23.0), torch.tensor([20]), -12.0)

    assert levelled.unique().tolist() == [-12.0]


def test_a_preset_survives_json_values() -> None:
    values = {**PRESET.to_dict(), "encoder_dilations": list(PRESET.encoder_dilations)}

    assert TcaePreset.from_dict({**values, "decoder_dilations": [1, 2]}) == PRESET


def test_a_mel_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        network().encode(torch.zeros(1, 80, 100))

    assert refusal.value.reason == "MEL_SHAPE"
