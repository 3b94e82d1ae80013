"""Logs of a run: CSV always, TensorBoard events when its package is there."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from singalike.embeddings.training.run_folder import write_whole

STEP = "step"


class RunLog(Protocol):
    """Where the figures of a run are written."""

    def go_on_from(self, step: int) -> None:
        """Forget what was written of later steps: the run was killed and computes them again."""
        ...

    def write(self, kind: str, step: int, figures: Mapping[str, float]) -> None:
        """Write figures of a kind ("training", "validation") after so many steps."""
        ...

    def close(self) -> None:
        """Bring everything to the disk."""
        ...


class CsvLog:
    """One CSV file of each kind, a row a step, a column a figure.

    Args:
        folder: Where `KIND.csv` lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._columns: dict[str, list[str]] = {}

    def go_on_from(self, step: int) -> None:
        """Drop the rows of later steps, and a row that was cut short."""
        for file in self.folder.glob("*.csv"):
            columns, rows = _read(file)
            _rewrite(file, columns, [row for row in rows if int(row[STEP]) <= step])
            self._columns[file.stem] = columns

    def write(self, kind: str, step: int, figures: Mapping[str, float]) -> None:
        """Append a row; a figure that was not there before becomes a new last column."""
        file, columns = self.folder / f"{kind}.csv", self._columns.get(kind, [])
        row = {STEP: str(step)} | {name: f"{value:.9g}" for name, value in figures.items()}
        if not set(row) <= set(columns):
            rows = _read(file)[1] if columns else []
            self._columns[kind] = list(dict.fromkeys([*columns, *row]))
            _rewrite(file, self._columns[kind], [*rows, row])
            return
        with file.open("a", newline="", encoding="utf-8") as stream:
            csv.DictWriter(stream, columns, lineterminator="\n").writerow(row)

    def close(self) -> None:
        """Nothing is left to do: every row was written when it came."""


class TensorBoardLog:
    """Events for TensorBoard.

    Args:
        folder: Where the event files lie.

    Raises:
        ImportError: The package tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._open = SummaryWriter
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def go_on_from(self, step: int) -> None:
        """Tell TensorBoard to hide later steps of the broken run."""
        self._writer = self._open(str(self._folder), purge_step=step + 1)

    def write(self, kind: str, step: int, figures: Mapping[str, float]) -> None:
        """Add a scalar KIND/NAME for each figure."""
        assert self._writer is not None, "go_on_from opens the log"
        for name, value in figures.items():
            self._writer.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Flush and close the event file."""
        if self._writer is not None:
            self._writer.close()


def open_logs(folder: Path) -> list[RunLog]:
    """Open the CSV log, and TensorBoard's below `tensorboard` when it can be imported."""
    try:
        return [CsvLog(folder), TensorBoardLog(folder / "tensorboard")]
    except ImportError:
        return [CsvLog(folder)]


def _read(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read columns and rows; what follows the last end of line was cut short by a kill."""
    text = file.read_text("utf-8")
    reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]), restval="")
    rows = list(reader)
    return list(reader.fieldnames or ()), rows


def _rewrite(file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    content = io.StringIO(newline="")
    writer = csv.DictWriter(content, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(file, content.getvalue().encode())
