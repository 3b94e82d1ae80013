"""From judged conversions to tables: means of a set, and what an engine gains over the specification's."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from singalike.conversion.evaluation.contenders import AS_WRITTEN
from singalike.conversion.evaluation.figures import Figures, Judged
from singalike.conversion.metrics import Similarities, mean_position
from singalike.embeddings.evaluation.intervals import DRAWS, PERCENTILES, draw_weights, mean_interval
from singalike.embeddings.evaluation.section import Figure, Row

PLAIN: Mapping[str, tuple[str, float]] = {
    "F0 corr": ("correlation", 1.0),
    "cents": ("rmse_cents", 1.0),
    "gross %": ("gross_error", 100.0),
    "voicing %": ("voicing_error", 100.0),
    "left out %": ("left_out", 100.0),
    "MCD dB": ("distortion_db", 1.0),
    "UTMOS": ("naturalness", 1.0),
    "RTF": ("real_time_factor", 1.0),
    "peak MiB": ("peak_mib", 1.0),
}
"""By column the attribute of `Figures` and what it is multiplied with."""


def table_row(set_name: str, judged: Judged, *, predicted: bool) -> Row:
    """Average the figures of one contender over the pairs of a set.

    Args:
        set_name: The set.
        judged: At least one pair.
        predicted: Whether naturalness was asked for; without it its column is left out.
    """
    figures = list(judged.figures.values())
    columns = {"position": position_interval([one.ours for one in figures])}
    for peer, cosines in judged.peers.items():
        columns[f"by {peer}"] = position_interval(list(cosines.values()))
    columns["content"] = mean_interval([one.content for one in figures if np.isfinite(one.content)])
    for column, (attribute, factor) in PLAIN.items():
        if column != "UTMOS" or predicted:
            columns[column] = Figure(factor * _mean([getattr(one, attribute) for one in figures]))
    return Row(judged.contender.name, set_name, len(figures), columns, judged.contender.baseline)


def position_interval(pairs: Sequence[Similarities], seed: int = 0) -> Figure:
    """Average positions as `mean_position` does, with a 95 % interval over drawn pairs.

    Args:
        pairs: One a conversion.
        seed: Of the draws.
    """
    if not pairs:
        return Figure(float("nan"))
    moved, way = (np.array([getattr(pair, name) for pair in pairs]) for name in ("moved", "way"))
    weights = draw_weights(len(pairs), DRAWS, seed)
    low, high = np.percentile((weights @ moved) / (weights @ way), PERCENTILES)
    return Figure(mean_position(list(pairs)), float(low), float(high))


def gain_rows(set_name: str, everybody: Sequence[Judged]) -> Iterator[Row]:
    """Compare every engine with the specification's on the pairs that both convert.

    Args:
        set_name: The set.
        everybody: Among them the specification's; without it there is nothing to compare with.

    Yields:
        A row for each contender that is no baseline.
    """
    written = next((one for one in everybody if one.contender.name == AS_WRITTEN), None)
    if written is None:
        return
    for judged in everybody:
        shared = [pair for pair in judged.figures if pair in written.figures]
        if judged.contender.baseline or not shared:
            continue
        columns = {"position gained": _gain([judged.figures[pair].ours for pair in shared],
                                            [written.figures[pair].ours for pair in shared])}  # fmt: skip
        for peer, cosines in judged.peers.items():
            base = written.peers[peer]
            columns[f"gained by {peer}"] = _gain([cosines[pair] for pair in shared], [base[pair] for pair in shared])
        both: list[tuple[Figures, Figures]] = [(judged.figures[pair], written.figures[pair]) for pair in shared]
        columns["content gained"] = mean_interval([one.content - base.content for one, base in both])
        yield Row(judged.contender.name, set_name, len(shared), columns)


def _gain(ours: Sequence[Similarities], base: Sequence[Similarities], seed: int = 0) -> Figure:
    """How much further one contender goes than another, in shares of the whole way, pairs drawn together."""
    ahead = np.array([one.converted_target - other.converted_target for one, other in zip(ours, base, strict=True)])
    way = np.array([one.way for one in ours])
    weights = draw_weights(len(way), DRAWS, seed)
    low, high = np.percentile((weights @ ahead) / (weights @ way), PERCENTILES)
    return Figure(float(ahead.sum() / way.sum()), float(low), float(high))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
