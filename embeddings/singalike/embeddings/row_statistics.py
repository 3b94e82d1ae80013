"""Statistics of many rows at once, of which each knows some of its values: NaN marks what is unknown.

A recording is described as a whole and in dozens of segments; a call of numpy for each of them would cost more than
what it computes.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def where_known(values: Rows, known: NDArray[np.bool_]) -> Rows:
    """Keep values where a mask of the same shape is set."""
    return np.where(known, values, np.nan)


def count(values: Rows) -> NDArray[np.int64]:
    """Number of known values along the last axis."""
    return np.asarray((~np.isnan(values)).sum(axis=-1), dtype=np.int64)


def mean(values: Rows) -> Rows:
    """Mean along the last axis, NaN without values."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1))


def deviation(values: Rows) -> Rows:
    """Standard deviation along the last axis, NaN without values."""
    return np.asarray(np.sqrt(mean(np.square(values - mean(values)[..., None]))))


def skewness(values: Rows, least: float) -> Rows:
    """Mean cube of the distance from the mean over that of the deviation plus `least`, for steady rows."""
    centred = values - mean(values)[..., None]
    return np.asarray(mean(centred**3) / (np.sqrt(mean(np.square(centred))) + least) ** 3)


def share(condition: NDArray[np.bool_], values: Rows) -> Rows:
    """Share of the known values for which a condition holds, which is False for NaN."""
    return np.asarray(condition.sum(axis=-1) / count(values))


def quantiles(values: Rows, shares: tuple[float, ...]) -> list[Rows]:
    """Quantiles along the last axis, not interpolated, NaN without values: `np.quantile` costs ten times as much."""
    if values.shape[-1] == 0:
        return [np.full(values.shape[:-1], np.nan)] * len(shares)
    ordered, last = np.sort(values, axis=-1), count(values) - 1  # NaN goes last
    return [_at(ordered, np.minimum((part * (last + 1)).astype(np.int64), last)) for part in shares]


def median(values: Rows) -> Rows:
    """Median along the last axis, NaN without values."""
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    ordered, known = np.sort(values, axis=-1), count(values)
    return np.asarray(0.5 * (_at(ordered, (known - 1) // 2) + _at(ordered, known // 2)))


def slope(values: Rows, over: Rows, drawn: NDArray[np.floating] | float) -> Rows:
    """Least-squares slope of values over others, drawn towards zero by what is added to the denominator."""
    base = over - mean(over)[..., None]
    base = np.where(np.isnan(base), 0.0, base)
    product = np.where(np.isnan(values), 0.0, values) * base
    return np.asarray(product.sum(axis=-1) / (np.square(base).sum(axis=-1) + drawn))


def bridged(values: Rows) -> Rows:
    """Lay straight lines over the gaps of each row (rows, n); before and after what is known its ends go on."""
    known, columns = ~np.isnan(values), np.arange(values.shape[1])
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    behind = np.minimum.accumulate(np.where(known, columns, len(columns))[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before < 0, behind, before)
    right = np.where(behind == len(columns), before, behind)
    left, right = np.clip(left, 0, len(columns) - 1), np.clip(right, 0, len(columns) - 1)
    first, last = np.take_along_axis(values, left, axis=1), np.take_along_axis(values, right, axis=1)
    return np.asarray(first + (last - first) * ((columns - left) / np.maximum(right - left, 1)))


def _at(ordered: Rows, place: NDArray[np.int64]) -> Rows:
    return np.asarray(np.take_along_axis(ordered, np.maximum(place, 0)[..., None], axis=-1)[..., 0])
