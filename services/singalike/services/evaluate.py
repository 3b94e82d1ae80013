"""The use case behind `singalike evaluate`: topics on a measured folder, one report, its files."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from singalike.errors import InvalidInputError
from singalike.services.report_plots import draw_curve

if TYPE_CHECKING:
    from singalike.embeddings.evaluation.bench import Bench
    from singalike.embeddings.evaluation.report import Report


def evaluate(topics: Sequence[str], bench: "Bench", command: str, remarks: Sequence[str] = ()) -> "Report":
    """Run topics and gather their tables.

    Args:
        topics: Names of `TOPICS`, "singers" and "recommender".
        bench: Recordings and ear.
        command: The line that makes the report again.
        remarks: Put on top of the report.

    Raises:
        InvalidInputError: NOTHING_TO_MEASURE, a topic finds no recordings for itself.
    """
    from singalike.embeddings.evaluation.report import Report
    from singalike.embeddings.evaluation.topics import TOPICS
    from singalike.recsys.evaluation.topic import evaluate_recommender
    from singalike.recsys.singer_evaluation import evaluate_singers

    # Probabilities of singers and suggestions are the recommender's: the ear's own topics may not know of them.
    known = {**TOPICS, "singers": evaluate_singers, "recommender": evaluate_recommender}
    sections = [section for topic in topics for section in known[topic](bench)]
    return Report(command, bench.encoder.model_version, sections, remarks)


def write_report(report: "Report", out: Path, say: Callable[[str], None]) -> None:
    """Write report.md, report.json and the pictures.

    Raises:
        InvalidInputError: NOT_WRITABLE.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        pictures = _draw(report, out)
        (out / "report.json").write_text(json.dumps(report.to_json(), indent=1, allow_nan=False) + "\n", "utf-8")
        (out / "report.md").write_text(report.to_markdown(pictures), "utf-8")
    except OSError as error:
        raise InvalidInputError("NOT_WRITABLE", f"{out} cannot be written: {error.strerror or error}") from error
    say(f"{out / 'report.md'}, report.json and {len(pictures)} pictures")


def _draw(report: "Report", out: Path) -> Mapping[str, str]:
    pictures: dict[str, str] = {}
    for section in report.sections:
        for name, series in section.curves.items():
            file = f"plots/{_slug(section.name)}-{_slug(name)}.png"
            draw_curve(name, series, out / file)
            pictures[f"{section.name}/{name}"] = file
    return pictures


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
