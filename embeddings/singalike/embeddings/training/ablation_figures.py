"""How well the networks of the ablation, and baselines beside them, tell singers apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import nn

from singalike.embeddings.evaluation.recordings import Recording, read_measured
from singalike.embeddings.projection import unit
from singalike.embeddings.training.ablation_material import NamedClip
from singalike.embeddings.training.generator import SAMPLE_RATE
from singalike.embeddings.training.mode_whitening import ModeWhitening
from singalike.embeddings.training.verification import equal_error_rate
from singalike.embeddings.training.view_bank import seen

MEASURED_SETS = ("ravdess singing", "mir1k stem")
"""Sets of a measured folder that the table has columns for, where the folder has them."""

Sets = Mapping[str, Sequence[NamedClip]]


@dataclass(frozen=True)
class PairErrors:
    """Errors on pairs of clips of one set.

    Attributes:
        eer: Where misses and false alarms are equally frequent, in [0, 1].
        same_gender_eer: The same among singers of one voice gender; NaN where there is no such pair.
    """

    eer: float
    same_gender_eer: float


def judge_network(encoder: nn.Module, sets: Sets, heard: Sequence[NamedClip] = ()) -> dict[str, PairErrors]:
    """Embed every clip alone with the timbre of a network, and judge each set.

    Args:
        encoder: `forward(log_mel, mask)`, unit vectors.
        sets: What it is judged on, by name.
        heard: Clips that it was trained on. With them every set is also judged "whitened", each clip by what clips of
            its mode have in common here.
    """
    encoder.eval()
    whitening = ModeWhitening.fit(_timbres(encoder, heard), [clip.mode for clip in heard]) if heard else None
    errors = {}
    for name, clips in sets.items():
        vectors = _timbres(encoder, clips)
        errors[name] = pair_errors(vectors, clips)
        if whitening is not None:
            errors[f"{name}, whitened"] = pair_errors(whitening(vectors, [clip.mode for clip in clips]), clips)
    return errors


def judge_mean_mel(sets: Sets) -> dict[str, PairErrors]:
    """Judge each set by mean spectra without level, every band scaled over the set."""
    return {name: pair_errors(_mean_mels(clips), clips) for name, clips in sets.items()}


def pair_errors(vectors: NDArray[np.floating], clips: Sequence[NamedClip]) -> PairErrors:
    """Judge vectors by all pairs of clips; two clips of one singer and one song are no pair.

    Args:
        vectors: Unit rows (clips, dim).
        clips: Whose and what each is.
    """
    singer, song, gender = (
        np.array([getattr(clip, name) for clip in clips]) for name in ("singer", "song", "voice_gender")
    )
    similarity = np.asarray(vectors @ vectors.T, dtype=np.float64)
    upper = np.triu(np.ones_like(similarity), 1).astype(bool)
    same = singer[:, None] == singer
    own = similarity[upper & same & (song[:, None] != song)]
    alike = (gender[:, None] == gender) & (gender != "unknown")
    others, close = similarity[upper & ~same], similarity[upper & ~same & alike]
    return PairErrors(_rate(own, others), _rate(own, close))


def read_measured_clips(folder: Path) -> dict[str, Sequence[NamedClip]]:
    """Read the sets of a folder that no training hears.

    Args:
        folder: With manifest.csv.

    Raises:
        NotFoundError, InvalidInputError: see `read_measured`.
    """
    sets = read_measured(folder).sets()
    return {name: [_clip(one) for one in sets[name]] for name in MEASURED_SETS if name in sets}


def _clip(recording: Recording) -> NamedClip:
    sound, rate = soundfile.read(recording.file, dtype="float32", always_2d=True)
    mono = {"left": sound[:, 0], "right": sound[:, -1]}.get(recording.channel, sound.mean(axis=1))
    waveform = mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE)
    return NamedClip(recording.singer, recording.voice_gender, recording.work, seen(np.ascontiguousarray(waveform)))


def _timbres(encoder: nn.Module, clips: Sequence[NamedClip]) -> NDArray[np.float32]:
    return np.stack([_timbre(encoder, clip) for clip in clips])


def _timbre(encoder: nn.Module, clip: NamedClip) -> NDArray[np.float32]:
    device = next(encoder.parameters()).device
    with torch.inference_mode():
        frames = torch.from_numpy(clip.mel.astype(np.float32))[None].to(device)
        timbre = encoder(frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=device))
    return np.asarray(timbre[0].cpu().numpy(), dtype=np.float32)


def _mean_mels(clips: Sequence[NamedClip]) -> NDArray[np.float32]:
    spectra = np.stack([clip.mel.astype(np.float32).mean(axis=0) for clip in clips])
    spectra -= spectra.mean(axis=1, keepdims=True)
    return unit((spectra - spectra.mean(axis=0)) / (spectra.std(axis=0) + 1e-6))


def _rate(own: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    return equal_error_rate(own, others) if own.size and others.size else float("nan")
