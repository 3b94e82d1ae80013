"""A report on disk: Markdown, JSON and pictures, and figures in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.evaluation.report import Report, figure_text
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.evaluation.topics import TOPICS
from singalike.errors import UnavailableError
from singalike.services.cli import evaluate_command
from singalike.services.evaluate import write_report
from singalike.services.peer_encoders import embed_by_peer

CURVES = {
    "det toy": {"timbre": [(0.0, 0.4), (0.1, 0.1), (1.0, 0.0)]},
    "umap toy": {"anna": [(0.0, 1.0), (0.1, 1.1)], "_carl $": [(2.0, 3.0)]},
    "confusion of singers toy": {"anna": [(0.0, 1.0), (1.0, 0.0)], "carl": [(0.0, 0.5), (1.0, 0.5)], "none": []},
    "alignment": {"latents": [(0.0, 0.0), (1.0, 1.5)]},
}


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(0.1834, 0.16, 0.21), ".183 [.160, .210]"),
        (Figure(1.0), "1.000"),
        (Figure(-0.25), "-.250"),
        (Figure(float("nan")), "-"),
        (None, "-"),
    ],
)
def test_a_figure_is_written_with_its_interval(figure: Figure | None, text: str) -> None:
    assert figure_text(figure) == text


def test_a_report_is_written_with_one_picture_a_curve(tmp_path: Path) -> None:
    row = Row("timbre", "toy", 2, {"MAP": Figure(0.5), "EER": Figure(float("nan"))})
    report = Report("singalike evaluate timbre", "ear-1", [Section("timbre", "Timbre", [row], ("A note.",), CURVES)])
    said: list[str] = []

    write_report(report, tmp_path / "out", said.append)

    pictures = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert pictures == [
        "timbre-alignment.png",
        "timbre-confusion-of-singers-toy.png",
        "timbre-det-toy.png",
        "timbre-umap-toy.png",
    ]
    markdown = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert all(f"(plots/{name})" in markdown for name in pictures)
    figures = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["sections"][0]["rows"][0]["figures"]
    assert figures == {
        "MAP": {"value": 0.5, "low": None, "high": None},
        "EER": {"value": None, "low": None, "high": None},
    }
    assert said


def test_the_command_knows_every_topic() -> None:
    assert (*TOPICS, "singers", "recommender", "conversion") == evaluate_command.TOPICS


def test_a_peer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="Resemblyzer"):
        embed_by_peer(tmp_path / "python", "Resemblyzer", [np.zeros(16_000, np.float32)])
