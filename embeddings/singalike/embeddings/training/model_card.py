"""Model cards: what a checkpoint is made of, and whom to thank for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from singalike.embeddings.training.datasets import TrainingVoice

ATTRIBUTIONS = {
    "librispeech": "LibriSpeech, Panayotov, Chen, Povey and Khudanpur 2015, https://www.openslr.org/12, CC BY 4.0",
    "vctk": "CSTR VCTK Corpus, Yamagishi, Veaux and MacDonald 2019, https://doi.org/10.7488/ds/2645, CC BY 4.0",
    "mirdata_fixtures": "vocadito, Bittner et al. 2021, https://doi.org/10.5281/zenodo.5578807, CC BY 4.0",
}
MELODY_ATTRIBUTIONS = ("POP909, Wang et al. 2020, https://github.com/music-x-lab/POP909-Dataset, MIT",)


@dataclass(frozen=True)
class ModelCard:
    """What a person wants to know about a checkpoint.

    Attributes:
        name: Of the checkpoint.
        purpose: What it is for, one sentence.
        method: How it was fitted, one paragraph each.
        figures: What was measured, one sentence each.
        limits: What it cannot do, one sentence each.
        voices: The recorded voices that trained it.
        seed: Of the fit.
        command: Name of the model on the command line.
        also: What else it is made of, with licences, one line each.
    """

    name: str
    purpose: str
    method: Sequence[str]
    figures: Sequence[str]
    limits: Sequence[str]
    voices: Sequence[TrainingVoice]
    seed: int
    command: str
    also: Sequence[str] = ()


def write_card(card: ModelCard, folder: Path) -> Path:
    """Write `NAME.md` beside the checkpoint and return its path."""
    path = folder / f"{card.name}.md"
    path.write_text(card_text(card), "utf-8")
    return path


def card_text(card: ModelCard) -> str:
    """Return the card as Markdown."""
    listed = Counter((voice.corpus, voice.licence) for voice in card.voices)
    corpora = [
        f"- {count} voices of {ATTRIBUTIONS.get(corpus, corpus)} (manifest: {licence})"
        for (corpus, licence), count in sorted(listed.items())
    ]
    melodies = [f"- melodies of {line}" for line in MELODY_ATTRIBUTIONS] + [f"- {line}" for line in card.also]
    command = f"singalike train {card.command} --data FOLDER --out FOLDER --seed {card.seed}"
    parts = [
        f"# Checkpoint `{card.name}`",
        card.purpose,
        "## How it was made",
        *card.method,
        f"    {command}",
        "## Data and attribution",
        "\n".join([*corpora, *melodies]),
        "The recordings were changed: resampled, taken apart and synthesised anew. Nobody in them endorses this.",
        "## Figures",
        "\n".join(f"- {line}" for line in card.figures),
        "## Limits",
        "\n".join(f"- {line}" for line in card.limits),
    ]
    return "\n\n".join(parts) + "\n"
