"""Train the checkpoint "melody": the TCAE with its pitch head, and the projection of the melody vector.

usage: python -m singalike.embeddings.training.melody --data FOLDER --out FOLDER [--seed 0] [--minutes M]
           [--shards N] [--go-on-from FOLDER] [--hear] [--phrases 2000] [--workers 1]

FOLDER holds manifest.csv (see `datasets`); only its rows with use=train are read. The same seed and number of shards
give the same weights on the same machine; with --minutes the number of shards depends on its speed, and is logged and
kept in the settings. --hear fits the projection on what the network hears in rendered sound, ten times as slow as on
the planned pitch with a tracker's mistakes.
"""

import argparse
import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.melody import CHECKPOINT, MelodyEncoder
from singalike.embeddings.melody_vector import CosineFeatures, ShinglePreset
from singalike.embeddings.projection import Projection
from singalike.embeddings.tcae import Tcae, TcaePreset
from singalike.embeddings.training.melody_clips import Material, load_material, stream_shards
from singalike.embeddings.training.melody_projection import Sing, fit_discriminant, kernel_means, sing_with_slips
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.renditions import render
from singalike.embeddings.training.tcae_training import TcaeTraining, train_tcae

_LOG = logging.getLogger(__name__)

PHRASES, RENDITIONS = 2000, 4

MELODY_DIM = 512
"""Numbers in a melody vector."""


def unprojected(tcae: Tcae, preset: ShinglePreset) -> MelodyEncoder:
    """Wrap a network whose projection is not fitted yet; its `analyse` is complete."""
    nothing = Projection(np.zeros(preset.features, np.float32), np.zeros((preset.features, MELODY_DIM), np.float32))
    return MelodyEncoder(tcae, preset, CosineFeatures.draw(preset), nothing, "untrained")


def singing_heard_by(encoder: MelodyEncoder, material: Material) -> Sing:
    """Render each line with a voice, a room and company of its own, and tell what the encoder hears."""

    def sing(lines: Sequence[NoteLine], lengths_s: Sequence[float], rng: Generator) -> list[PitchTrack]:
        sounds = [render(line, length_s, material.recordings, rng).waveform
                  for line, length_s in zip(lines, lengths_s, strict=True)]  # fmt: skip
        return [frames.pitch for frames in encoder.analyse(sounds)]

    return sing


def fit_encoder(tcae: Tcae, preset: ShinglePreset, lines: Sequence[NoteLine], sing: Sing, seed: int, phrases: int
) -> MelodyEncoder:  # fmt: skip
    """Fit the projection on renditions of the same phrases, and put the encoder together."""
    means, labels = kernel_means(lines, phrases, RENDITIONS, sing, preset, seed)
    projection = fit_discriminant(means, labels, MELODY_DIM)
    return MelodyEncoder(tcae, preset, CosineFeatures.draw(preset), projection, "new")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and save; progress is logged."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    cache, preset = options.out / "cache", ShinglePreset()
    material = load_material(options.data, cache)
    settings = replace(TcaeTraining(), shards=options.shards)
    torch.manual_seed(options.seed)
    tcae = Tcae(TcaePreset())
    if options.go_on_from:
        tcae.load_state_dict(MelodyEncoder.load(options.go_on_from).tcae.state_dict())
        tcae.requires_grad_(True)
    with closing(stream_shards(options.data, cache, options.seed, options.workers)) as shards:
        tcae, seen = train_tcae(tcae, settings, shards, options.seed, options.minutes)
    _LOG.info("network trained on %d shards; fitting the projection", seen)
    sing = singing_heard_by(unprojected(tcae, preset), material) if options.hear else sing_with_slips
    encoder = fit_encoder(tcae, preset, material.lines, sing, options.seed, options.phrases)
    tensors, config = encoder.to_checkpoint()
    training = {**asdict(settings), "shards": seen, "seed": options.seed, "phrases": options.phrases}
    save_checkpoint(CHECKPOINT, tensors, {**config, "training": training}, options.out)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="stop training the network after so much time")
    parser.add_argument("--shards", type=int, default=TcaeTraining().shards, help="stop it after so many fresh shards")
    parser.add_argument("--go-on-from", type=Path, help="folder of a checkpoint to begin with")
    parser.add_argument("--hear", action="store_true", help="fit the projection on rendered sound")
    parser.add_argument("--phrases", type=int, default=PHRASES, help="phrases to fit the projection on")
    parser.add_argument("--workers", type=int, default=1, help="processes that render; the network has one thread")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
