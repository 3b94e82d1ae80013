"""Simple descriptions of a recording, to stand beside the melody vector in every table."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, hz_to_midi
from singalike.audio.sound import Waveform
from singalike.embeddings.mel import MELODY_MEL, log_mel
from singalike.embeddings.melody import MelodyEncoder, MelodyFrames
from singalike.embeddings.projection import unit
from singalike.embeddings.tcae import Tcae, TcaePreset

Vectors = NDArray[np.float32]
Describe = Callable[[Waveform, MelodyFrames], Vectors]
"""From a recording at 16 000 Hz and what the ear heard in it to numbers without a common scale."""

_WINDOW = 2048
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 2_000.0


def melody_baselines(encoder: MelodyEncoder) -> Mapping[str, Describe]:
    """List the baselines by name; `standard_units` makes the numbers of a set comparable."""
    blank = untrained(encoder)
    return {
        "mean-mel": lambda waveform, _: mean_mel(waveform),
        "f0 contour statistics": lambda _, heard: contour_statistics(heard.pitch),
        "chroma mean": lambda waveform, _: chroma_mean(waveform),
        "pitch-class histogram": lambda _, heard: pitch_classes(heard.pitch),
        "pooled TCAE latent": lambda _, heard: pooled(heard),
        "untrained TCAE, pooled latent": lambda waveform, _: pooled(blank.analyse([waveform])[0]),
    }


def standard_units(descriptions: Vectors) -> Vectors:
    """Centre and scale every number over the set (n, numbers) and return unit rows: kind to a baseline."""
    centred = descriptions - descriptions.mean(axis=0)
    return unit(centred / (descriptions.std(axis=0) + 1e-9))


def untrained(encoder: MelodyEncoder) -> MelodyEncoder:
    """Return the encoder with a network of the same shape as it was before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Tcae(TcaePreset.from_dict(encoder.tcae.preset.to_dict()))
    network.mel_mean.copy_(encoder.tcae.mel_mean)
    network.mel_scale.copy_(encoder.tcae.mel_scale)
    still = network.eval().requires_grad_(False).to(encoder.device)
    return MelodyEncoder(still, encoder.shingles, encoder.features, encoder.projection, "untrained")


def mean_mel(waveform: Waveform) -> Vectors:
    """Average the log-mel over time, its level taken out, (48,)."""
    mel = log_mel(torch.from_numpy(waveform)[None], MELODY_MEL).numpy()[0].mean(axis=1)
    return np.asarray(mel - mel.mean(), dtype=np.float32)


def contour_statistics(pitch: PitchTrack) -> Vectors:
    """Describe how the pitch moves, in any key: deviation, percentiles around the median, speed, pauses, (9,)."""
    voiced = np.isfinite(pitch.f0_hz)
    if voiced.sum() < 2:
        return np.zeros(9, dtype=np.float32)
    sung = pitch.midi_pitch[voiced]
    around = np.percentile(sung, [5, 25, 75, 95]) - np.median(sung)
    moves = np.abs(np.diff(sung))
    pauses = np.abs(np.diff(voiced.astype(np.int64))).mean()
    values = [sung.std(), *around, moves.mean(), (moves > 0.5).mean(), voiced.mean(), pauses]
    return np.array(values, dtype=np.float32)


def chroma_mean(waveform: Waveform) -> Vectors:
    """Average the power of the twelve pitch classes between 80 and 2000 Hz, from the loudest class on, (12,)."""
    padded = np.pad(waveform, (0, max(_WINDOW - len(waveform), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[:: _WINDOW // 4]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1))).mean(axis=0)
    hz = np.fft.rfftfreq(_WINDOW, 1.0 / MELODY_MEL.sample_rate)
    inside = (hz >= _LOWEST_HZ) & (hz <= _HIGHEST_HZ)
    classes = np.round(hz_to_midi(hz[inside])).astype(np.int64) % 12
    return _from_fullest(np.bincount(classes, power[inside], 12))


def pitch_classes(pitch: PitchTrack) -> Vectors:
    """Share of the sung time in each of the twelve pitch classes, from the fullest on, so that no key shows, (12,)."""
    sung = pitch.midi_pitch[np.isfinite(pitch.f0_hz)]
    return _from_fullest(np.bincount(np.round(sung).astype(np.int64) % 12, minlength=12).astype(np.float64))


def pooled(heard: MelodyFrames) -> Vectors:
    """Average and deviation of the latents over time, (2 * latent_dim,)."""
    return np.concatenate([heard.latent.mean(axis=0), heard.latent.std(axis=0)])


def _from_fullest(classes: NDArray[Any]) -> Vectors:
    turned = np.roll(classes, -int(classes.argmax()))
    return np.asarray(turned / max(turned.sum(), 1e-12), dtype=np.float32)
