"""What `singalike train` was asked for."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.training_run import own_rank

if TYPE_CHECKING:
    from singalike.embeddings.training.schedule import LoopPreset


@dataclass(frozen=True)
class TrainOptions:
    """The options of the command, as they were given."""

    data: Path
    out: Path
    seed: int
    workers: int
    preset: str
    run_folder: Path | None
    steps: int | None
    minutes: float | None
    device: str
    precision: str | None
    ablation: bool
    measure: Path | None
    weights: str
    soundfont: Path | None
    as_json: bool

    def say(self, words: str) -> None:
        """Tell a person, or a program, what happens; of several processes the first one speaks."""
        if own_rank() > 0:
            return
        if self.as_json:
            click.echo(json.dumps({"said": words}, ensure_ascii=False))
        else:
            click.echo(words, err=True)

    def run_of(self, name: str) -> Path:
        """Return the folder of a model's run."""
        return self.run_folder or self.out / "run" / name

    def paced(self, loop: "LoopPreset") -> "LoopPreset":
        """Put what the command line says in the place of the preset's settings."""
        given = {"steps": self.steps, "minutes": self.minutes, "precision": self.precision}
        return replace(loop, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
