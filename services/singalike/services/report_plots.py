"""The curves of a report as pictures: detection errors, maps of singers, confusions, plain lines, and sounds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from singalike.embeddings.evaluation.section import SoundView
from singalike.services.recommender.map_files import PALETTE

Series = Mapping[str, Sequence[tuple[float, float]]]

_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
_STYLES = ("-", "--", ":")
_MARKERS = "osv^D*"


def draw_curve(name: str, series: Series, file: Path) -> None:
    """Draw one curve of a section to a PNG; the first word of the name chooses the picture, see `Section.curves`.

    Args:
        name: The curve's name, also the title.
        series: Points by label.
        file: Where to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _PICTURES.get(name.split(maxsplit=1)[0], _draw_lines)(axes, series)
    axes.set_title(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def draw_views(name: str, views: Sequence[SoundView], file: Path) -> None:
    """Draw sounds below one another to a PNG: all pitches on top, then the spectrogram of each.

    Args:
        name: The title.
        views: At least one.
        file: Where to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.0 + 1.9 * len(views)), layout="constrained")
    FigureCanvasAgg(figure)
    pitches, *pictures = figure.subplots(len(views) + 1, 1, sharex=True, height_ratios=[1.6, *[1.0] * len(views)])
    for place, (axes, view) in enumerate(zip(pictures, views, strict=True)):
        times_s = np.arange(len(view.f0_hz)) * view.f0_hop_s
        pitches.plot(times_s, view.f0_hz, label=view.title, linewidth=1.0, **_style(place))
        extent = (0.0, view.duration_s, 0.0, view.highest_hz / 1000.0)
        axes.imshow(view.level_db, origin="lower", aspect="auto", extent=extent, cmap="magma")
        axes.set_title(view.title, fontsize="small", loc="left")
        axes.set_ylabel("kHz")
    pitches.set(ylabel="f0, Hz", yscale="log")
    pitches.grid(color="#eeeeee", which="both")
    pitches.legend(fontsize="x-small", ncols=3)
    pictures[-1].set_xlabel("s")
    figure.suptitle(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)


def _draw_detection_errors(axes: Any, series: Series) -> None:
    """Misses over false alarms, both on a normal scale, where Gaussian scores give straight lines."""
    lowest, highest = _TICKS[0] / 2, 0.7
    for place, (label, points) in enumerate(series.items()):
        rates = ndtri(np.clip(np.array(points), lowest, highest))
        axes.plot(rates[:, 0], rates[:, 1], label=label, **_style(place))
    ticks = ndtri(np.array(_TICKS))
    names = [f"{100 * tick:g}" for tick in _TICKS]
    axes.set(xlabel="false alarms, %", ylabel="misses, %", xticks=ticks, yticks=ticks)
    axes.set_xticklabels(names)
    axes.set_yticklabels(names)
    axes.set(xlim=ndtri([lowest, highest]), ylim=ndtri([lowest, highest]))
    axes.axline((0.0, 0.0), slope=1.0, color="#bbbbbb", linewidth=0.8)
    axes.grid(color="#eeeeee")
    axes.legend()


def _draw_cloud(axes: Any, series: Series) -> None:
    for place, (label, points) in enumerate(series.items()):
        x, y = np.array(points).reshape(-1, 2).T
        marker = _MARKERS[place // len(PALETTE) % len(_MARKERS)]
        axes.scatter(x, y, s=22, color=PALETTE[place % len(PALETTE)], marker=marker, label=label)
    axes.set(xticks=[], yticks=[])
    if len(series) <= 30:
        axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_matrix(axes: Any, series: Series) -> None:
    names = list(series)
    columns = 1 + int(max(x for points in series.values() for x, _ in points))
    shares = np.zeros((len(names), columns))
    for row, points in enumerate(series.values()):
        for x, share in points:
            shares[row, int(x)] = share
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set(xlabel="taken for", ylabel="is", yticks=range(len(names)), yticklabels=names)
    if columns == len(names):
        axes.set_xticks(range(columns), names, rotation=90)
    if columns <= 12:
        for row in range(len(names)):
            for column in range(columns):
                colour = "white" if shares[row, column] > 0.6 else "black"
                axes.text(column, row, f"{shares[row, column]:.2f}", ha="center", va="center", color=colour)
    axes.figure.colorbar(image, label="share")


def _draw_lines(axes: Any, series: Series) -> None:
    for place, (label, points) in enumerate(series.items()):
        x, y = np.array(points).reshape(-1, 2).T
        axes.plot(x, y, label=label, **_style(place))
    axes.grid(color="#eeeeee")
    axes.legend()


def _style(place: int) -> dict[str, Any]:
    return {"color": PALETTE[place % len(PALETTE)], "linestyle": _STYLES[place // len(PALETTE) % len(_STYLES)]}


_PICTURES: Mapping[str, Callable[[Any, Series], None]] = {
    "det": _draw_detection_errors,
    "umap": _draw_cloud,
    "confusion": _draw_matrix,
}
