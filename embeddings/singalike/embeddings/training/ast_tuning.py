"""Fine-tuning an Audio Spectrogram Transformer until it tells the singers of a catalogue of one's own apart.

Every singer is heard equally often, in stretches where a voice sounds. A share of every singer's songs is held out: the
loop keeps the weights that tell these best, and the figures are of these.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from singalike.embeddings.ears.spectrogram_transformer import Ast, AstSingers, load_ast
from singalike.embeddings.training.catalogue_clips import SAMPLE_RATE, CatalogueClips, WindowStore
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.own_catalogue import OwnCatalogue, OwnTrack, songs_by_singer
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.singer_sampler import BalancedBatches
from singalike.embeddings.training.trainee import Share

PUBLISHED = "MIT/ast-finetuned-audioset-10-10-0.4593"
"""The weights on the Hugging Face hub that fine-tuning usually starts from."""

FIGURES_FILE = "tuning.json"
TOP_K = 5


@dataclass(frozen=True)
class AstTuning:
    """How it is done.

    Attributes:
        loop: How the run is paced.
        batches: Singers and songs of a batch.
        held_out: Share of every singer's songs to measure on; a singer's only song is never held out.
    """

    loop: LoopPreset = field(
        default_factory=lambda: LoopPreset(steps=1000, learning_rate=5e-5, warm_up=100, validate_every=100, patience=4)
    )
    batches: BalancedBatches = field(default_factory=lambda: BalancedBatches(singers=8, clips=1))
    held_out: float = 0.2


@dataclass(frozen=True)
class AstSources:
    """What is fine-tuned, on what, and where.

    Attributes:
        catalogue: From `WindowStore.prepare`.
        store: Where its windows are.
        weights: Folder of the weights to start from, in the format of `transformers`.
        out: Folder for the new ones.
        run: Folder of the training run.
        seed: Of all chance.
        device: Where the network trains.
        say: Told in words what happens.
    """

    catalogue: OwnCatalogue
    store: WindowStore
    weights: Path
    out: Path
    run: Path
    seed: int = 0
    device: str = "cpu"
    say: Callable[[str], None] = lambda _words: None


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


class AstTrainee:
    """The transformer with its classifier, its batches, and the songs that it has not heard.

    Args:
        ast: With as many labels as there are singers.
        clips: Batches of the songs to fit on.
        kept: Songs held out.
        store: Where their windows are.
    """

    def __init__(self, ast: Ast, clips: CatalogueClips, kept: Sequence[OwnTrack], store: WindowStore) -> None:
        self.ast = ast
        self.network: nn.Module = ast.model
        self.clips = clips.clips
        self._batches = clips
        self._kept = kept
        self._store = store

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Return the cross entropy of a batch, in nats."""
        batch = self._batches.batch(step, share)
        heard = [row[:length] for row, length in zip(batch.waveform, batch.lengths, strict=True)]
        true = torch.from_numpy(batch.singers).to(self.ast.device)
        return {"total": nn.functional.cross_entropy(self.ast.model(self.ast.inputs(heard)).logits, true)}

    def validate(self) -> Mapping[str, float]:
        """Measure the songs held out."""
        figures = measure_singers(AstSingers(self.ast, self._batches.sampler.names), self._kept, self._store)
        told = {name: float(value) for name, value in asdict(figures).items() if name != "recordings"}
        return {"score": -figures.cross_entropy, **told}


def fine_tune(preset: AstTuning, sources: AstSources, around: Surroundings) -> SingerFigures | None:
    """Fine-tune, or go on with the run; `AstSingers.load(out)` and the encoder `ast:OUT` read what is written.

    Args:
        preset: How.
        sources: What, and where.
        around: Clock, listeners and processes; the first process alone saves.

    Returns:
        Figures of the songs held out, or of all where there are none; None in the other processes, and when the run
        was asked to stop.

    Raises:
        InvalidInputError: TOO_FEW_SINGERS.
        SingalikeError: As `load_ast`.
    """
    fitted, kept = hold_out(sources.catalogue, preset.held_out, sources.seed)
    singers = fitted.singers
    with torch.random.fork_rng():
        torch.manual_seed(sources.seed)  # The classifier's first weights are drawn while the model is loaded.
        ast = _with_classifier(sources.weights, singers, sources.device)
    clips = CatalogueClips(fitted, sources.store, preset.batches, ast.input_samples / SAMPLE_RATE, sources.seed)
    loop = preset.loop if kept.tracks else replace(preset.loop, validate_every=0)
    settings = {
        "weights": ast.sha256,
        "singers": list(singers),
        "batches": asdict(preset.batches),
        "tracks": len(fitted.tracks),
    }
    plan = RunPlan("ast", loop, settings, sources.seed)
    standing = train(AstTrainee(ast, clips, kept.tracks, sources.store), plan, RunFolder(sources.run), around)
    if standing.ended == "stopped" or around.processes.share.rank > 0:
        return None
    figures = measure_singers(AstSingers(ast, singers), kept.tracks or fitted.tracks, sources.store)
    ast.model.save_pretrained(sources.out)
    ast.extractor.save_pretrained(sources.out)
    facts = {
        "singers": len(singers),
        "held_out": len(kept.tracks),
        "preset": asdict(preset),
        "figures": asdict(figures),
    }
    (sources.out / FIGURES_FILE).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    return figures


def hold_out(catalogue: OwnCatalogue, share: float, seed: int) -> tuple[OwnCatalogue, OwnCatalogue]:
    """Keep a share of every singer's songs, all versions of them, away from the fit.

    Args:
        catalogue: All recordings.
        share: In [0, 1).
        seed: Chooses them.

    Returns:
        What to fit on, with every singer, and what to measure on.
    """
    rng = np.random.default_rng(seed)
    fitted: list[OwnTrack] = []
    kept: list[OwnTrack] = []
    for _, songs in sorted(songs_by_singer(catalogue.tracks).items()):
        count = min(math.ceil(share * len(songs)), len(songs) - 1)
        chosen = set(rng.permutation(len(songs))[:count].tolist())
        for number, versions in enumerate(songs):
            (kept if number in chosen else fitted).extend(versions)
    return OwnCatalogue(tuple(fitted)), OwnCatalogue(tuple(kept))


def measure_singers(classifier: AstSingers, tracks: Sequence[OwnTrack], store: WindowStore) -> SingerFigures:
    """Ask about recordings of known singers.

    Args:
        classifier: Knows all of them.
        tracks: At least one.
        store: Where their windows are.
    """
    true = np.array([classifier.singers.index(track.singer) for track in tracks])
    rows = [classifier.probabilities([store.window(track).waveform])[0] for track in tracks]
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
