"""Every way of describing a voice that stands in the table of timbre: the ear, its parts, and baselines."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import nn

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Hearing, Method, Vectors
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.mel import MelSettings, log_mel
from singalike.embeddings.projection import unit
from singalike.embeddings.voice_frames import VoiceFrames

TIMBRE = "timbre"
MEL = MelSettings(16_000, 512, 160, 512, 80, 0.0, 8_000.0, floor=1e-8)
CEPSTRA, WIDTH = 20, 96

Part = Callable[[VoiceFrames], Vectors]

VOICE_GENDER, CHANCE = "voice gender alone", "chance"
"""Baselines that hear nothing: the true voice gender, and nothing at all."""


def timbre_methods(encoder: VoiceEncoder) -> Mapping[str, Method]:
    """Return the methods that hear a recording, the ear first."""
    version = encoder.model_version
    parts = timbre_parts(encoder.timbre) if encoder.other_timbre is None else {}
    joined = {f"{TIMBRE}: {name} alone": Method(partial(_part, part), version) for name, part in parts.items()}
    return {
        TIMBRE: Method(heard_timbre, version),
        **joined,
        "untrained network": Method(partial(_untrained, _random_network()), "1", baseline=True, standardised=True),
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


def timbre_parts(timbre: object) -> Mapping[str, Part]:
    """Return the parts that a timbre encoder joins: its methods `by_NAME` of frames, which return unit vectors."""
    names = sorted(name for name in dir(timbre) if name.startswith("by_"))
    return {name.removeprefix("by_"): getattr(timbre, name) for name in names}


def heard_timbre(heard: Hearing) -> Vectors:
    """Return the timbre vector of the ear, also where another maker's encoder gives it, float32 (dim,)."""
    if heard.encoder.other_timbre is None:
        return heard.encoder.timbre.embed(heard.frames)
    return heard.profile.timbre


def _part(part: Part, heard: Hearing) -> Vectors:
    return part(heard.frames)


def _random_network(seed: int = 0) -> nn.Module:
    """Three convolutions over log-mel frames, (1, 80, frames) to (1, 96, steps), with weights that nothing trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Conv1d(80, WIDTH, 5), nn.ReLU(), nn.Conv1d(WIDTH, WIDTH, 5, dilation=2), nn.ReLU(),
                  nn.Conv1d(WIDTH, WIDTH, 5, dilation=4)]  # fmt: skip
    return nn.Sequential(*layers).eval()


def _untrained(network: nn.Module, heard: Hearing) -> Vectors:
    """Mean and deviation over time of what the network makes of the voice, float32 (192,)."""
    frames = heard.frames
    mel = torch.from_numpy(frames.log_mel[frames.chosen()].T[None])
    with torch.inference_mode():
        steps = network(nn.functional.pad(mel, (14, 14), mode="replicate"))[0]
        pooled = torch.cat([steps.mean(dim=1), steps.std(dim=1, correction=0)])
    return np.asarray(pooled.numpy(), dtype=np.float32)


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
