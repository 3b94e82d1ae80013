"""An order in which near copies do not stand side by side, and how different the voices of a list are."""

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.recsys.calibration import Similarities

POOL = 100
"""Best candidates among which the order is changed; behind them it is that of the scores."""


def best_first(score: Similarities, allowed: NDArray[np.bool_], seed: int = 0) -> NDArray[np.intp]:
    """Order the allowed rows by score.

    Args:
        score: float64 (rows,).
        allowed: bool (rows,).
        seed: Orders equal scores; 0: by row.

    Returns:
        Rows, best first.
    """
    rows = np.flatnonzero(allowed)
    if seed:
        rows = np.random.default_rng(abs(seed)).permutation(rows)
    return rows[np.argsort(-score[rows], kind="stable")]


def spread_out(score: Similarities, vectors: Vectors, dial: float) -> NDArray[np.intp]:
    """Order candidates so that each is good and unlike those before it (maximal marginal relevance).

    The next one has the highest (1 - dial) x relevance - dial x (largest cosine with one that was chosen before), with
    relevance the score stretched so that the best candidate has 1 and the worst 0.

    Args:
        score: float64 (candidates,), descending.
        vectors: Unit rows, float32 (candidates, dim): what must not be alike.
        dial: 0 keeps the order, 1 looks at differences alone.

    Returns:
        Places of the candidates in their new order; the best one stays first.

    Source:
        Carbonell and Goldstein 1998, The use of MMR, https://doi.org/10.1145/290941.291025.
    """
    count = len(score)
    if dial == 0.0 or count < 3:
        return np.arange(count)
    span = score[0] - score[-1]
    relevance = (1.0 - dial) * ((score - score[-1]) / span if span > 0 else np.ones(count))
    alike = dial * (vectors @ vectors.T).astype(np.float64)
    nearest, merit = alike[0].copy(), np.empty(count)
    chosen = [0]
    relevance[0] = -np.inf
    # A hundred turns in every request: arrays are written in place.
    for _ in range(1, count):
        best = int(np.subtract(relevance, nearest, out=merit).argmax())
        chosen.append(best)
        relevance[best] = -np.inf
        np.maximum(nearest, alike[best], out=nearest)
    return np.array(chosen, dtype=np.intp)


def list_diversity(vectors: Vectors) -> float | None:
    """Average 1 - cosine over the pairs of a list.

    Args:
        vectors: Unit rows after centring, (items, dim).

    Returns:
        In [0, 2]; None for fewer than two items.
    """
    if len(vectors) < 2:
        return None
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), k=1)]
    return float(1.0 - np.clip(cosines, -1.0, 1.0).mean())
