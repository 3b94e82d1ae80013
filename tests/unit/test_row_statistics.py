"""Statistics of rows that know some of their values, beside what numpy says of the known values alone."""

import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from singalike.embeddings.row_statistics import (
    bridged,
    count,
    deviation,
    mean,
    median,
    quantiles,
    share,
    skewness,
    slope,
)


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    """Nothing known means NaN, of which numpy would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def rows() -> np.ndarray:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6, 40))
    values[rng.random((6, 40)) < 0.4] = np.nan
    values[4] = np.nan
    values[5, 3:] = np.nan
    return values


def known(row: np.ndarray) -> np.ndarray:
    return row[np.isfinite(row)]


def test_each_statistic_is_that_of_the_known_values() -> None:
    values = rows()

    told = np.stack([count(values), mean(values), deviation(values), median(values), share(values > 0, values)])

    alone = [[len(v), v.mean(), v.std(), np.median(v), (v > 0).mean()] for v in map(known, values)]
    np.testing.assert_allclose(told.T, alone, atol=1e-12)


def test_quantiles_are_values_of_the_row() -> None:
    values = rows()

    low, high = quantiles(values, (0.1, 0.9))

    for row in (0, 1, 2, 3, 5):
        ordered = np.sort(known(values[row]))
        assert low[row] == ordered[int(0.1 * len(ordered))]
        assert high[row] == ordered[int(0.9 * len(ordered))]
    assert np.isnan(low[4])


def test_skewness_is_that_of_the_known_values_and_steady_rows_have_none() -> None:
    values = rows()

    told = skewness(values, 0.0)

    alone = [((v - v.mean()) ** 3).mean() / v.std() ** 3 for v in map(known, values[:4])]
    np.testing.assert_allclose(told[:4], alone, atol=1e-12)
    assert np.isnan(told[4])
    assert skewness(np.full((1, 9), 3.0), 0.5) == 0.0


def test_a_slope_is_that_of_the_straight_line() -> None:
    over = np.array([[0.0, 1.0, 2.0, np.nan, 4.0]])

    assert slope(3.0 * over + 1.0, over, 0.0) == pytest.approx(3.0)


def test_gaps_are_bridged_row_by_row() -> None:
    values = np.array([[np.nan, 1.0, np.nan, np.nan, 4.0, np.nan], [5.0, np.nan, 7.0, 8.0, 8.0, 8.0]])

    np.testing.assert_allclose(bridged(values), [[1, 1, 2, 3, 4, 4], [5, 6, 7, 8, 8, 8]])
