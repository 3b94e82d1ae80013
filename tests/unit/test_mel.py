"""The log-mel front ends against librosa and their own contract."""

import librosa
import numpy as np
import pytest
import torch

from singalike.embeddings.mel import MELODY_MEL, MelSettings, filterbank, hz_to_mel, log_mel, mel_to_hz
from singalike.errors import InvalidInputError

TOLERANCE = 1e-4
SETTINGS = {
    "melody": MELODY_MEL,
    "timbre 25 ms": MelSettings(16_000, 400, 160, 512, 80, 80.0, 7_800.0),
    "timbre 10 ms": MelSettings(16_000, 160, 32, 512, 80, 80.0, 7_800.0, floor=1e-8),
    "odd window at 22.05 kHz": MelSettings(22_050, 551, 220, 1024, 64, 30.0, 11_025.0),
}


def noisy_glide(sample_rate: int, seconds: float = 1.5) -> np.ndarray:
    time_s = np.arange(round(seconds * sample_rate)) / sample_rate
    tone = 0.3 * np.sin(2 * np.pi * (200 * time_s + 300 * time_s**2))
    noise = np.random.default_rng(0).normal(0, 0.01, len(time_s))
    return (tone + noise).astype(np.float32)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_log_mel_equals_librosa(settings: MelSettings) -> None:
    waveform = noisy_glide(settings.sample_rate)
    expected = librosa.feature.melspectrogram(
        y=waveform,
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        win_length=settings.window_length,
        hop_length=settings.hop_length,
        n_mels=settings.mels,
        fmin=settings.low_hz,
        fmax=settings.high_hz,
    )

    mel = log_mel(torch.from_numpy(waveform)[None], settings)[0].numpy()

    np.testing.assert_allclose(mel, np.log(np.maximum(expected, settings.floor)), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_filters_equal_librosa(settings: MelSettings) -> None:
    expected = librosa.filters.mel(
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        n_mels=settings.mels,
        fmin=settings.low_hz,
        fmax=settings.high_hz,
    )

    np.testing.assert_allclose(filterbank(settings), expected, atol=1e-7)


def test_two_minutes_give_the_contract_of_the_melody_encoder() -> None:
    mel = log_mel(torch.zeros(1, 120 * 16_000), MELODY_MEL)

    assert mel.shape == (1, 48, 7501)
    assert MELODY_MEL.frames(120 * 16_000) == 7501
    assert MELODY_MEL.hop_s == 0.016


def test_silence_lies_on_the_floor() -> None:
    mel = log_mel(torch.zeros(2, 4_000), MELODY_MEL)

    np.testing.assert_allclose(mel.numpy(), np.log(MELODY_MEL.floor), rtol=1e-6)


def test_zeros_appended_for_a_batch_change_no_frame_of_the_waveform() -> None:
    waveform = torch.from_numpy(noisy_glide(16_000))
    padded = torch.nn.functional.pad(waveform, (0, 5_000))

    alone = log_mel(waveform[None], MELODY_MEL)
    batched = log_mel(torch.stack([padded, padded.flip(0)]), MELODY_MEL)

    np.testing.assert_allclose(batched[0, :, : alone.shape[-1]].numpy(), alone[0].numpy(), atol=1e-5)


def test_mels_and_hz_are_inverse() -> None:
    frequency_hz = np.array([0.0, 61.0, 999.0, 1000.0, 1001.0, 7_800.0])

    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequency_hz)), frequency_hz, rtol=1e-12, atol=1e-12)


def test_settings_survive_json_values() -> None:
    assert MelSettings(**MELODY_MEL.to_dict()) == MELODY_MEL


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        MelSettings(16_000, 1024, 256, 512, 48, 0.0, 8_000.0)

    assert refusal.value.reason == "MEL_SETTINGS_WRONG"


def test_a_single_waveform_without_batch_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        log_mel(torch.zeros(16_000), MELODY_MEL)

    assert refusal.value.reason == "WAVEFORM_SHAPE"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu() -> None:
    waveform = torch.from_numpy(noisy_glide(16_000))[None]

    mel = log_mel(waveform.cuda(), MELODY_MEL).cpu()

    np.testing.assert_allclose(mel.numpy(), log_mel(waveform, MELODY_MEL).numpy(), atol=1e-3)
