"""Every way of describing a voice that stands in the table of timbre: the ear, its parts, and baselines."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Hearing, Method, Vectors
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.mel import MelSettings, log_mel
from singalike.embeddings.projection import unit
from singalike.embeddings.trunk import Trunk, TrunkPreset

TIMBRE = "timbre"
MEL = MelSettings(16_000, 512, 160, 512, 80, 0.0, 8_000.0, floor=1e-8)
CEPSTRA = 20

VOICE_GENDER, CHANCE = "voice gender alone", "chance"
"""Baselines that hear nothing: the true voice gender, and nothing at all."""


def timbre_methods(encoder: VoiceEncoder, example: Hearing) -> Mapping[str, Method]:
    """Return the methods that hear a recording, the ear first.

    Args:
        encoder: The ear.
        example: Any recording: it tells which parts the timbre encoder joins.
    """
    version = encoder.model_version
    parts = list(encoder.timbre.parts(example.frames))
    joined = {f"{TIMBRE}: {part} alone": Method(partial(_part, part), version) for part in parts if len(parts) > 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        untrained = Trunk(TrunkPreset()).eval()
    return {
        TIMBRE: Method(lambda heard: heard.encoder.timbre.embed(heard.frames), version),
        **joined,
        "untrained network": Method(partial(_untrained, untrained), "1", baseline=True, standardised=True),
        "mean-mel": Method(_mean_mel, "1", baseline=True, standardised=True),
        "MFCC statistics": Method(_mfcc_statistics, "1", baseline=True, standardised=True),
        "f0 alone": Method(_f0, version, baseline=True, standardised=True),
        "pitch-class histogram": Method(_pitch_classes, version, baseline=True),
    }


def silent_methods(recordings: Sequence[Recording], seed: int = 0) -> Mapping[str, Vectors]:
    """Return unit vectors (recordings, dim) of the baselines that hear nothing.

    The true voice gender alone gives equal similarities to very many pairs; a little noise orders them by chance, where
    a stable sort would order them by the truth.
    """
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(recordings), 16))
    labels = ["f", "m"]
    gender = np.array([[one.voice_gender == label for label in labels] for one in recordings], dtype=np.float64)
    return {VOICE_GENDER: unit(np.concatenate([gender, 1e-3 * noise], axis=1)), CHANCE: unit(noise)}


def _part(name: str, heard: Hearing) -> Vectors:
    return heard.encoder.timbre.parts(heard.frames)[name]


def _untrained(network: Trunk, heard: Hearing) -> Vectors:
    frames = heard.frames
    with torch.inference_mode():
        timbre, _ = network(torch.from_numpy(frames.log_mel)[None], torch.from_numpy(frames.chosen())[None])
    return np.asarray(timbre[0].numpy(), dtype=np.float32)


def _mel(heard: Hearing) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(log_mel(torch.from_numpy(heard.waveform.copy())[None], MEL)[0].numpy())


def _mean_mel(heard: Hearing) -> Vectors:
    """Mean log-mel spectrum, its level taken out, float32 (80,)."""
    spectrum = _mel(heard).mean(axis=1)
    return np.asarray(spectrum - spectrum.mean(), dtype=np.float32)


def _mfcc_statistics(heard: Hearing) -> Vectors:
    """Mean and deviation of 20 cepstral coefficients and deviation of their change, float32 (60,)."""
    cepstra = dct(_mel(heard), axis=0, norm="ortho")[1 : CEPSTRA + 1]
    change = np.diff(cepstra, axis=1)
    return np.concatenate([cepstra.mean(axis=1), cepstra.std(axis=1), change.std(axis=1)]).astype(np.float32)


def _f0(heard: Hearing) -> Vectors:
    """10th, 50th and 90th percentile of the voiced MIDI pitch, zeros where nothing is voiced."""
    voiced = _voiced(heard)
    return np.quantile(voiced, [0.1, 0.5, 0.9]).astype(np.float32) if len(voiced) else np.zeros(3, np.float32)


def _pitch_classes(heard: Hearing) -> Vectors:
    """Share of the voiced time on each of the twelve pitch classes, unit length."""
    classes = np.round(_voiced(heard)).astype(np.int64) % 12
    return unit(np.bincount(classes, minlength=12).astype(np.float64))


def _voiced(heard: Hearing) -> NDArray[np.float64]:
    midi_pitch = heard.pitch.midi_pitch
    return midi_pitch[np.isfinite(midi_pitch)]
