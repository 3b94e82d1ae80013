"""Fine-tuning an Audio Spectrogram Transformer until it tells singers apart.

The whole network learns, the new classifier a hundred times as fast as the rest. In every epoch each singer is heard
equally often, in a stretch that is drawn anew each time. A share of every singer's recordings is held out; the figures
are of these.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.spectrogram_transformer import Ast, AstSingers, load_ast
from singalike.embeddings.training.datasets import read_waveform
from singalike.embeddings.training.singer_recordings import SungRecording, hold_out
from singalike.errors import InvalidInputError

PUBLISHED = "MIT/ast-finetuned-audioset-10-10-0.4593"
"""The weights on the Hugging Face hub that fine-tuning usually starts from."""

FIGURES_FILE = "tuning.json"
TOP_K = 5


@dataclass(frozen=True)
class AstPreset:
    """How long and how fast is learnt.

    Attributes:
        epochs: Passes.
        batch: Recordings a step.
        heard_per_singer: Stretches of every singer in an epoch, whatever the number of their recordings.
        learning_rate: Of the transformer.
        head_learning_rate: Of the classifier, which starts from nothing.
        weight_decay: Of AdamW.
        held_out: Share of every singer's recordings to measure on.
        seed: Of all chance.
    """

    epochs: int = 5
    batch: int = 8
    heard_per_singer: int = 20
    learning_rate: float = 1e-5
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    held_out: float = 0.2
    seed: int = 0


@dataclass(frozen=True)
class SingerFigures:
    """How well singers are told.

    Attributes:
        recordings: How many were asked about.
        cross_entropy: Mean negative logarithm of the true singer's probability, in nats.
        chance_entropy: The same when all singers are equally likely.
        top_1: Share of recordings whose likeliest singer is the true one.
        top_k: Share with the true singer among the `TOP_K` likeliest.
    """

    recordings: int
    cross_entropy: float
    chance_entropy: float
    top_1: float
    top_k: float


def fine_tune(
    recordings: Sequence[SungRecording],
    weights: Path,
    out: Path,
    preset: AstPreset,
    device: str = "cpu",
    say: Callable[[str], None] = lambda _words: None,
) -> SingerFigures:
    """Fine-tune and save; `AstSingers.load(out)` and the encoder `ast:OUT` read what is written.

    Args:
        recordings: Of two singers at least.
        weights: Folder of the weights to start from, in the format of `transformers`.
        out: Folder for the new ones.
        preset: How long and how fast.
        device: Where torch computes.
        say: Told once an epoch how far it is.

    Returns:
        Figures of the held-out recordings, or of all where nothing is held out.

    Raises:
        InvalidInputError: TOO_FEW_SINGERS.
        SingalikeError: As `load_ast`.
    """
    singers = tuple(sorted({one.singer for one in recordings}))
    if len(singers) < 2:
        raise InvalidInputError("TOO_FEW_SINGERS", "telling singers apart needs two")
    fitted, kept = hold_out(recordings, preset.held_out, preset.seed)
    with torch.random.fork_rng():
        torch.manual_seed(preset.seed)  # The classifier's first weights are drawn while the model is loaded.
        ast = _with_classifier(weights, singers, device)
        for epoch, losses in enumerate(_epochs(ast, fitted, singers, preset), start=1):
            say(f"epoch {epoch} of {preset.epochs}: cross entropy {np.mean(losses):.3f} nats in training")
    ast.model.eval()
    figures = measure_singers(AstSingers(ast, singers), kept or fitted)
    ast.model.save_pretrained(out, safe_serialization=True)
    ast.extractor.save_pretrained(out)
    facts = {"singers": len(singers), "held_out": bool(kept), "preset": asdict(preset), "figures": asdict(figures)}
    (out / FIGURES_FILE).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    return figures


def measure_singers(classifier: AstSingers, recordings: Sequence[SungRecording]) -> SingerFigures:
    """Ask about recordings of known singers.

    Args:
        classifier: Knows all of them.
        recordings: At least one.
    """
    true = np.array([classifier.singers.index(one.singer) for one in recordings])
    rows = [classifier.probabilities([read_waveform(one.path)])[0] for one in recordings]
    return score(np.stack(rows), true)


def score(probabilities: NDArray[np.float32], true: NDArray[np.intp]) -> SingerFigures:
    """Compute the figures of probabilities (recordings, singers) and the places of the true singers (recordings,)."""
    own = probabilities[np.arange(len(true)), true]
    rank = (probabilities > own[:, None]).sum(axis=1)
    return SingerFigures(
        recordings=len(true),
        cross_entropy=float(-np.log(np.maximum(own, 1e-12)).mean()),
        chance_entropy=math.log(probabilities.shape[1]),
        top_1=float((rank == 0).mean()),
        top_k=float((rank < TOP_K).mean()),
    )


def _with_classifier(weights: Path, singers: Sequence[str], device: str) -> Ast:
    labels = dict(enumerate(singers))
    return load_ast(
        weights,
        device,
        "ASTForAudioClassification",
        num_labels=len(singers),
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
        ignore_mismatched_sizes=True,
    )


def _epochs(
    ast: Ast, recordings: Sequence[SungRecording], singers: Sequence[str], preset: AstPreset
) -> Iterator[list[float]]:
    """Train, and yield the losses of every epoch."""
    head = list(ast.model.classifier.parameters())
    body = [weight for name, weight in ast.model.named_parameters() if not name.startswith("classifier")]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": preset.learning_rate}, {"params": head, "lr": preset.head_learning_rate}],
        weight_decay=preset.weight_decay,
    )
    places = {name: index for index, name in enumerate(singers)}
    rng = np.random.default_rng(preset.seed)
    ast.model.train()
    for _ in range(preset.epochs):
        losses = []
        for batch in _batches(recordings, preset, rng):
            mel = ast.inputs([_stretch(read_waveform(one.path), ast, rng) for one in batch])
            true = torch.tensor([places[one.singer] for one in batch], device=ast.device)
            loss = torch.nn.functional.cross_entropy(ast.model(mel).logits, true)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(ast.model.parameters(), 1.0)
            optimiser.step()
            losses.append(loss.item())
        yield losses


def _batches(
    recordings: Sequence[SungRecording], preset: AstPreset, rng: np.random.Generator
) -> Iterator[list[SungRecording]]:
    """Draw every singer equally often, a singer's recordings in turn."""
    drawn: list[SungRecording] = []
    for singer in sorted({one.singer for one in recordings}):
        own = [one for one in recordings if one.singer == singer]
        order = rng.permutation(len(own))
        drawn += [own[order[turn % len(own)]] for turn in range(preset.heard_per_singer)]
    shuffled = [drawn[index] for index in rng.permutation(len(drawn))]
    for first in range(0, len(shuffled), preset.batch):
        yield shuffled[first : first + preset.batch]


def _stretch(waveform: Waveform, ast: Ast, rng: np.random.Generator) -> Waveform:
    """Cut as much as one input holds from anywhere in a recording."""
    length = ast.input_samples
    first = int(rng.integers(max(len(waveform) - length, 0) + 1))
    return waveform[first : first + length]
