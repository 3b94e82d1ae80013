"""What others' recommenders say of the same choices: item-item cosine and BPR, as implicit has them."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from singalike.recsys.ranking_metrics import Values

NEIGHBOURS = 200
BPR_FACTORS, BPR_SWEEPS = 32, 100


def choices(histories: Sequence[NDArray[np.intp]], candidates: int) -> csr_matrix:
    """Put who chose what into a table, sparse float32 (listeners, candidates), 1 where chosen at least once."""
    ends = np.cumsum([0, *(len(np.unique(history)) for history in histories)])
    columns = np.concatenate([np.zeros(0, np.intp), *(np.unique(history) for history in histories)])
    return csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(histories), candidates))


def item_cosines(taught: csr_matrix, asked: csr_matrix) -> Values:
    """Add up, over what somebody chose, the cosine of each candidate's listeners with its listeners.

    Args:
        taught: Choices that are learnt from, sparse (listeners, candidates).
        asked: Choices of those who are asked for, sparse (queries, candidates).

    Returns:
        float64 (queries, candidates); NaN rows where nothing was chosen yet.

    Source:
        Sarwar et al. 2001, Item-based collaborative filtering, https://doi.org/10.1145/371920.372071; by implicit.
    """
    from implicit.nearest_neighbours import CosineRecommender
    from implicit.utils import ParameterWarning

    model = CosineRecommender(K=NEIGHBOURS, num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # implicit 0.7.3 warns of a table that it makes itself
        model.fit(taught, show_progress=False)
    return _unknown_without_history(np.asarray((asked @ model.similarity).todense(), dtype=np.float64), asked)


def ranked_by_pairs(taught: csr_matrix, asked: csr_matrix, seed: int) -> Values:
    """Learn a factor model by pairs of chosen and not chosen; it cannot fold anybody in, so those asked learn along.

    Args:
        taught: As in `item_cosines`.
        asked: As in `item_cosines`.
        seed: Of factors and pairs.

    Source:
        Rendle et al. 2009, BPR, https://arxiv.org/abs/1205.2618; by implicit.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking
    from scipy.sparse import vstack

    model = BayesianPersonalizedRanking(
        factors=BPR_FACTORS, iterations=BPR_SWEEPS, num_threads=1, random_state=seed, verify_negative_samples=True
    )
    with threadpool_limits(1, "blas"):
        model.fit(vstack([taught, asked]).tocsr(), show_progress=False)
    scores = model.user_factors[taught.shape[0] :] @ model.item_factors.T
    return _unknown_without_history(np.asarray(scores, dtype=np.float64), asked)


def _unknown_without_history(scores: Values, asked: csr_matrix) -> Values:
    """BPR's scores may be below zero, where unknown ones stand: each row is moved up to begin at zero."""
    scores = scores - scores.min(axis=1, keepdims=True)
    return np.where(np.diff(asked.indptr)[:, None] > 0, scores, np.nan)
