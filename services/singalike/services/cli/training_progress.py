"""How far a training run is: a bar on a terminal, a line now and then elsewhere, JSON lines on demand."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from singalike.embeddings.training.pace import Progress

Tell = Callable[["Progress"], None]

QUIET_S = 10.0
"""Seconds between lines where there is no terminal."""


@contextmanager
def told_progress(model: str, clock: Callable[[], float], *, as_json: bool) -> Iterator[Tell]:
    """Show progress while the block lasts; call what is yielded with it."""
    from rich.console import Console

    console = Console(stderr=True)
    if as_json:
        yield lambda progress: click.echo(json_line(model, progress))
    elif console.is_terminal:
        with _bar(model, console) as tell:
            yield tell
    else:
        yield _now_and_then(model, clock)


def progress_words(progress: "Progress") -> str:
    """Say rate, time left, loss and the last score in one line."""
    words = [
        f"{progress.steps_per_s:.2f} steps/s",
        f"{progress.clips_per_s:.0f} clips/s",
        f"{duration_words(progress.left_s)} left",
        f"loss {progress.losses.get('total', math.nan):.3f}",
    ]
    if "score" in progress.validation:
        words.append(f"score {progress.validation['score']:.3f}")
    return ", ".join(words)


def duration_words(seconds: float) -> str:
    """Say a duration as H:MM:SS."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def json_line(model: str, progress: "Progress") -> str:
    """Return one line of JSON; a number that is not finite becomes null."""
    return json.dumps(_finite({"model": model, **asdict(progress)}))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def _bar(model: str, console: Any) -> Iterator[Tell]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(8),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(model, total=None, words="starting")

        def tell(progress: "Progress") -> None:
            bar.update(task, total=progress.steps, completed=progress.step, words=progress_words(progress))

        yield tell


def _now_and_then(model: str, clock: Callable[[], float]) -> Tell:
    last_s = -math.inf

    def tell(progress: "Progress") -> None:
        nonlocal last_s
        if clock() - last_s >= QUIET_S or progress.step == progress.steps:
            last_s = clock()
            click.echo(f"{model} {progress.step}/{progress.steps}: {progress_words(progress)}", err=True)

    return tell
