"""A map of singers as a file: a page, a picture or a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.recommender.singer_map import MapPoint, SingerMap

UNKNOWN = "unknown"
PALETTE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#000000")
"""Paul Tol's bright scheme, told apart with any colour vision: https://personal.sron.nl/~pault/."""

GREY = "#bbbbbb"

RANGES = ("low", "middle", "high")
"""The order of a legend of ranges; all other labels go by the alphabet."""


def check_map_path(path: Path) -> None:
    """Refuse a suffix that no writer knows, before minutes are spent on a map.

    Raises:
        InvalidInputError: BAD_MAP_FORMAT.
    """
    if path.suffix.lower() not in WRITERS:
        message = f"{path.name}: a map is written as {', '.join(WRITERS)}; change the suffix"
        raise InvalidInputError("BAD_MAP_FORMAT", message, (FieldViolation("out", message),))


def write_map(singer_map: SingerMap, path: Path) -> None:
    """Write a map in the format that the suffix names: .html (self-contained), .png or .parquet.

    Raises:
        InvalidInputError: BAD_MAP_FORMAT; NOT_WRITABLE.
    """
    check_map_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[path.suffix.lower()](singer_map, path)
    except OSError as error:
        raise InvalidInputError("NOT_WRITABLE", f"{path} cannot be written: {error.strerror or error}") from error


def _write_page(singer_map: SingerMap, path: Path) -> None:
    import plotly.graph_objects as go

    figure = go.Figure()
    for label, colour, points in _groups(singer_map):
        figure.add_scatter(
            x=[point.x for point in points],
            y=[point.y for point in points],
            mode="markers+text" if len(singer_map.points) <= 60 else "markers",
            name=label,
            marker={"color": colour, "size": 10},
            text=[point.name for point in points],
            textposition="top center",
            hovertext=[_hover(point) for point in points],
            hoverinfo="text",
        )
    figure.update_layout(
        title=_title(singer_map), legend_title=singer_map.colour, template="plotly_white", xaxis_visible=False,
        yaxis_visible=False, yaxis_scaleanchor="x",
    )  # fmt: skip
    figure.write_html(path, include_plotlyjs=True, full_html=True)


def _write_picture(singer_map: SingerMap, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for label, colour, points in _groups(singer_map):
        axes.scatter(
            [point.x for point in points], [point.y for point in points], color=colour, label=_legible(label), s=40
        )
    if len(singer_map.points) <= 60:
        for point in singer_map.points:
            axes.annotate(
                point.name,
                (point.x, point.y),
                xytext=(4, 4),
                textcoords="offset points",
                fontsize=8,
                parse_math=False,  # a name such as A$AP is no formula
            )
    axes.margins(x=0.15)  # room for the names at the right edge
    axes.set(title=_title(singer_map), xticks=[], yticks=[])
    axes.legend(title=singer_map.colour)
    figure.savefig(path, dpi=150)


def _legible(label: str) -> str:
    """Keep matplotlib from reading a legend's label as a formula ("$") or as one to hide ("_")."""
    return " " * label.startswith("_") + label.replace("$", r"\$")


def _write_table(singer_map: SingerMap, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {
        "singer_id": [point.singer_id for point in singer_map.points],
        "singer": [point.name for point in singer_map.points],
        "x": [point.x for point in singer_map.points],
        "y": [point.y for point in singer_map.points],
        singer_map.colour: [point.label for point in singer_map.points],
        "track_count": [point.track_count for point in singer_map.points],
        "female_probability": [point.female_probability for point in singer_map.points],
        "tessitura_low_midi": [point.tessitura_midi and point.tessitura_midi[0] for point in singer_map.points],
        "tessitura_high_midi": [point.tessitura_midi and point.tessitura_midi[1] for point in singer_map.points],
    }
    types = {singer_map.colour: pa.string(), "tessitura_low_midi": pa.float64(), "tessitura_high_midi": pa.float64()}
    pq.write_table(pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()}), path)


WRITERS: dict[str, Callable[[SingerMap, Path], None]] = {
    ".html": _write_page,
    ".png": _write_picture,
    ".parquet": _write_table,
}


def _groups(singer_map: SingerMap) -> list[tuple[str, str, list[MapPoint]]]:
    """Labels with their colours and singers; the unknown come last, in grey."""
    found = {point.label for point in singer_map.points if point.label is not None}
    labels = sorted(found, key=lambda label: (RANGES.index(label), "") if label in RANGES else (-1, label))
    groups: list[tuple[str, str, list[MapPoint]]] = [
        (label, PALETTE[place % len(PALETTE)], [point for point in singer_map.points if point.label == label])
        for place, label in enumerate(labels)
    ]
    unlabelled = [point for point in singer_map.points if point.label is None]
    return groups + ([(UNKNOWN, GREY, unlabelled)] if unlabelled else [])


def _title(singer_map: SingerMap) -> str:
    parted = "" if singer_map.silhouette is None else f", silhouette by {singer_map.colour} {singer_map.silhouette:.2f}"
    return f"{len(singer_map.points)} singers by timbre (trustworthiness {singer_map.trustworthiness:.2f}{parted})"


def _hover(point: MapPoint) -> str:
    tessitura = point.tessitura_midi
    sung = f"MIDI {tessitura[0]:.0f} to {tessitura[1]:.0f}" if tessitura else "tessitura unknown"
    return f"{point.name}<br>{point.track_count} tracks, {sung}<br>female {point.female_probability:.2f}"
