"""A report: all tables of an evaluation with what made them, as Markdown for people and JSON for programs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from singalike.embeddings.evaluation.section import Figure, Row, Section


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    Attributes:
        command: The line that makes the report again.
        model_version: The ear.
        sections: Tables, in order.
        remarks: What else a reader has to know: the machine, when.
    """

    command: str
    model_version: str
    sections: Sequence[Section]
    remarks: Sequence[str] = ()

    def to_markdown(self, pictures: Mapping[str, str] | None = None) -> str:
        """Write the report as Markdown.

        Args:
            pictures: Files of the drawn curves and views by "section/name", relative to the report.
        """
        lines = ["# Evaluation", "", f"Ear `{self.model_version}`, made by:", "", f"    {self.command}", ""]
        lines += [*(f"- {remark}" for remark in self.remarks), ""] if self.remarks else []
        for section in self.sections:
            lines += [f"## {section.title}", "", *_table(section), ""]
            lines += [line for note in section.notes for line in (note, "")]
            for name in (*section.curves, *section.views):
                if picture := (pictures or {}).get(f"{section.name}/{name}"):
                    lines += [f"![{name}]({picture})", ""]
        return "\n".join(lines).rstrip() + "\n"

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; what cannot be told is null."""
        return {
            "command": self.command,
            "model_version": self.model_version,
            "remarks": list(self.remarks),
            "sections": [_section_values(section) for section in self.sections],
        }


def column_names(section: Section) -> list[str]:
    """Return the names of all figures of a table, in the order in which rows bring them."""
    return list(dict.fromkeys(name for row in section.rows for name in row.figures))


def figure_text(figure: Figure | None) -> str:
    """Write a figure as ".183 [.160, .210]", "-" where it cannot be told."""
    if figure is None or not math.isfinite(figure.value):
        return "-"
    if figure.low is None or figure.high is None:
        return _short(figure.value)
    return f"{_short(figure.value)} [{_short(figure.low)}, {_short(figure.high)}]"


def rows_by_set(section: Section) -> Mapping[str, Sequence[Row]]:
    """Return the rows of each set of recordings, in the order in which they come."""
    found: dict[str, list[Row]] = {}
    for row in section.rows:
        found.setdefault(row.recordings, []).append(row)
    return found


def _short(value: float) -> str:
    text = f"{value:.3f}" if abs(value) < 10.0 else f"{value:.1f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _table(section: Section) -> list[str]:
    columns = column_names(section)
    lines = [f"| recordings | method | n | {' | '.join(columns)} |", "|---|---|---" + "|---" * len(columns) + "|"]
    for set_name, rows in rows_by_set(section).items():
        for row in rows:
            method = row.method if row.baseline else f"**{row.method}**"
            figures = " | ".join(figure_text(row.figures.get(column)) for column in columns)
            lines.append(f"| {set_name} | {method} | {row.count} | {figures} |")
    return lines


def _section_values(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": section.title,
        "notes": list(section.notes),
        "rows": [
            {
                "method": row.method,
                "recordings": row.recordings,
                "count": row.count,
                "baseline": row.baseline,
                "figures": {name: _figure_values(figure) for name, figure in row.figures.items()},
            }
            for row in section.rows
        ],
        "curves": {
            name: {label: [list(point) for point in points] for label, points in series.items()}
            for name, series in section.curves.items()
        },
    }


def _figure_values(figure: Figure) -> dict[str, float | None]:
    values = {"value": figure.value, "low": figure.low, "high": figure.high}
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}
