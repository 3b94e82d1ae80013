"""The graphs that can be exported, and what the models themselves answer, to compare."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.embeddings.export.melody import ExportedMelody
from singalike.embeddings.export.timbre import ExportedTimbre
from singalike.embeddings.export.writing import Graph, Run
from singalike.embeddings.mel import MELODY_MEL, log_mel
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.tcae import level_mel
from singalike.embeddings.timbre import TimbreEncoder

LICENCE = "Apache-2.0"
EQUAL = 1e-4
"""Largest difference between a graph and its model that counts as the same."""


def timbre_graph(timbre: TimbreEncoder, model_version: str) -> Graph:
    """Build the graph of a timbre encoder.

    Args:
        timbre: On the CPU.
        model_version: Of the ear that it belongs to; stands in the file.
    """
    return Graph("singalike-timbre", ExportedTimbre(timbre), ("timbre",), _facts(model_version))


def melody_graph(melody: MelodyEncoder, model_version: str) -> Graph:
    """Build the graph of a melody encoder, up to latents and pitch logits.

    Args:
        melody: On the CPU.
        model_version: Of the ear that it belongs to; stands in the file.
    """
    return Graph("singalike-melody", ExportedMelody(melody.tcae), ("latent", "pitch", "voicing"), _facts(model_version))


def own_timbre(timbre: TimbreEncoder) -> Run:
    """Return what the encoder itself answers, in the form of its graph."""

    def run(waveform: Waveform) -> Sequence[NDArray[np.float32]]:
        return [timbre.embed(timbre.analyse(waveform))[None]]

    return run


def own_melody(melody: MelodyEncoder) -> Run:
    """Return what the encoder itself answers, in the form of its graph."""

    def run(waveform: Waveform) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            mel = log_mel(torch.from_numpy(waveform[None]), MELODY_MEL)
            lengths = torch.tensor([mel.shape[-1]])
            latent, logits = melody.tcae.analyse(level_mel(mel, lengths, melody.tcae.preset.silence), lengths)
        return [latent.transpose(1, 2).numpy(), logits.pitch.numpy(), logits.voicing.numpy()]

    return run


def largest_difference(one: Run, other: Run, waveforms: Sequence[Waveform]) -> float:
    """Return the largest absolute difference of all outputs on all waveforms."""
    return max(
        float(np.abs(mine - theirs).max())
        for waveform in waveforms
        for mine, theirs in zip(one(waveform), other(waveform), strict=True)
    )


def _facts(model_version: str) -> dict[str, str]:
    return {"model_version": model_version, "licence": LICENCE, "sample_rate": "16000"}
