"""The table of the ablation as text, Markdown and JSON values."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from singalike.embeddings.training.ablation import AblationRow
from singalike.embeddings.training.ablation_figures import PairErrors

COLUMNS = ("method", "pitch", "stretch", "loss", "chance", "below chance")


def markdown(rows: Sequence[AblationRow]) -> str:
    """Render rows as a Markdown table whose columns are also aligned for reading as text."""
    sets = max((tuple(row.errors) for row in rows), key=len)  # baselines are not whitened
    table = [_header(sets), *(_cells(row, sets) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in table
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def json_rows(rows: Sequence[AblationRow]) -> list[dict[str, Any]]:
    """Return rows as JSON values; a figure that cannot be told is null."""
    return [
        {
            **{name: value for name, value in asdict(row).items() if name != "errors"},
            "below_chance": row.below_chance,
            "errors": {
                name: {figure: None if math.isnan(value) else value for figure, value in asdict(errors).items()}
                for name, errors in row.errors.items()
            },
        }
        for row in rows
    ]


def _header(sets: Sequence[str]) -> list[str]:
    return [*COLUMNS, *(f"{name}: EER / same gender" for name in sets)]


def _cells(row: AblationRow, sets: Sequence[str]) -> list[str]:
    figures = (row.loss, row.chance, row.below_chance)
    return [
        row.method,
        row.pitch,
        row.stretch,
        *("" if figure is None else f"{figure:.2f}" for figure in figures),
        *(_both(row.errors[name]) if name in row.errors else "" for name in sets),
    ]


def _both(errors: PairErrors) -> str:
    return f"{_three(errors.eer)} / {_three(errors.same_gender_eer)}"


def _three(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
