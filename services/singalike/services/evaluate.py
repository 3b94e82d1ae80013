"""The use case behind `singalike evaluate`: topics on a measured folder, one report, its files."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from singalike.errors import InvalidInputError
from singalike.recsys.presets import Presets, shipped_presets
from singalike.services.listeners.interaction_file import BadRow, read_interactions
from singalike.services.report_plots import draw_curve, draw_views

if TYPE_CHECKING:
    from singalike.conversion.evaluation.topic import ConversionSubject
    from singalike.embeddings.evaluation.bench import Bench
    from singalike.embeddings.evaluation.report import Report
    from singalike.embeddings.evaluation.section import Section
    from singalike.recsys.evaluation.interaction_log import InteractionLog


@dataclass(frozen=True)
class RecommenderSubject:
    """What else the topic "recommender" judges.

    Attributes:
        presets: The default ones are judged.
        interactions: A file with the columns user, item and time; None leaves that part out.
    """

    presets: Presets
    interactions: Path | None = None


def evaluate(
    topics: Sequence[str],
    bench: "Bench",
    command: str,
    remarks: Sequence[str] = (),
    subject: RecommenderSubject | None = None,
    conversion: "ConversionSubject | None" = None,
) -> "Report":
    """Run topics and gather their tables.

    Args:
        topics: Names of `TOPICS`, "singers", "recommender" and "conversion".
        bench: Recordings and ear.
        command: The line that makes the report again.
        remarks: Put on top of the report.
        subject: For the topic "recommender"; None: the presets that ship.
        conversion: For the topic "conversion", which cannot do without.

    Raises:
        InvalidInputError: NOTHING_TO_MEASURE, a topic finds no recordings for itself; BAD_INTERACTIONS,
            TOO_FEW_INTERACTIONS; BAD_PAIRS.
    """
    from singalike.conversion.evaluation.topic import evaluate_conversion
    from singalike.embeddings.evaluation.report import Report
    from singalike.embeddings.evaluation.topics import TOPICS, Topic
    from singalike.recsys.singer_evaluation import evaluate_singers

    # Probabilities of singers and suggestions are the recommender's: the ear's own topics may not know of them.
    known: dict[str, Topic] = {
        **TOPICS,
        "singers": evaluate_singers,
        "recommender": partial(_evaluate_recommender, subject),
    }
    if conversion is not None:
        known["conversion"] = partial(evaluate_conversion, conversion)
    sections = [section for topic in topics for section in known[topic](bench)]
    return Report(command, bench.encoder.model_version, sections, remarks)


def _evaluate_recommender(subject: RecommenderSubject | None, bench: "Bench") -> Sequence["Section"]:
    from singalike.recsys.evaluation.topic import evaluate_recommender

    subject = subject or RecommenderSubject(shipped_presets())
    if subject.interactions is None:
        return evaluate_recommender(bench, subject.presets)
    log = read_log(subject.interactions, bench.say)
    return evaluate_recommender(bench, subject.presets, log, subject.interactions.name)


def read_log(path: Path, say: Callable[[str], None]) -> "InteractionLog":
    """Read who liked what and when; rows that cannot be used, and those that speak against an item, are left out.

    Args:
        path: With the columns user, item and time, and perhaps kind.
        say: Told how many rows cannot be used.

    Raises:
        InvalidInputError: BAD_INTERACTIONS.
    """
    from singalike.recsys.evaluation.interaction_log import arrange_log
    from singalike.recsys.listener_events import LIKED

    rows, bad = [], 0
    for row in read_interactions(path):
        if isinstance(row, BadRow):
            bad += 1
        elif not row.kind or row.kind in LIKED:
            rows.append((row.user, row.item, row.time.timestamp()))
    if bad:
        say(f"{path}: {bad} rows cannot be used and are left out")
    users, items, times = zip(*rows, strict=True) if rows else ((), (), ())
    return arrange_log(users, items, times)


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
        for name, views in section.views.items():
            file = f"plots/{_slug(section.name)}-{_slug(name)}.png"
            draw_views(name, views, out / file)
            pictures[f"{section.name}/{name}"] = file
    return pictures


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
