"""What can be read out of vectors: by a linear probe that never meets the judged singers, and by retrieval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from singalike.embeddings.evaluation.intervals import DRAWS, PERCENTILES, draw_weights, mean_interval
from singalike.embeddings.evaluation.section import Figure
from singalike.embeddings.projection import unit

Names = NDArray[np.str_]

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Inverse ridge penalties to choose from."""

FOLDS, INNER_FOLDS = 6, 3


@dataclass(frozen=True)
class Retrieval:
    """How well recordings find those of their class among the recordings of other singers.

    Attributes:
        mean_average_precision: Of the ranking by cosine.
        nearest: Share of recordings whose nearest one is of their class.
    """

    mean_average_precision: Figure
    nearest: Figure


def probe(vectors: NDArray[np.floating], labels: Names, groups: Names, seed: int = 0) -> Figure:
    """Predict classes by logistic regression, each group by a fit on others; return the balanced accuracy.

    Vectors are standardised and the penalty is chosen inside the fitted groups alone.

    Args:
        vectors: (items, dim).
        labels: Class of each, at least two classes.
        groups: Whose each is; at least six.
        seed: Of the bootstrap over groups, which gives the 95 % interval.
    """
    values = np.asarray(vectors, dtype=np.float64)
    predicted = np.empty_like(labels)
    for fitted, judged in GroupKFold(FOLDS).split(values, labels, groups):
        scaler = StandardScaler().fit(values[fitted])
        scaled = scaler.transform(values[fitted])
        strength = _best_strength(scaled, labels[fitted], groups[fitted])
        model = _regression(strength).fit(scaled, labels[fitted])
        predicted[judged] = model.predict(scaler.transform(values[judged]))
    return balanced_accuracy(labels, predicted, groups, seed)


def balanced_accuracy(labels: Names, predicted: Names, groups: Names, seed: int = 0) -> Figure:
    """Average the share of right answers over the classes, with an interval by bootstrap over groups.

    Args:
        labels: True classes (items,).
        predicted: Answers (items,).
        groups: Whose each is.
        seed: Of the bootstrap.
    """
    row = np.unique(groups, return_inverse=True)[1]
    column = np.unique(labels, return_inverse=True)[1]
    shape = (row.max() + 1, column.max() + 1)
    right, all_of_them = np.zeros(shape), np.zeros(shape)
    np.add.at(right, (row, column), labels == predicted)
    np.add.at(all_of_them, (row, column), 1.0)
    weights = draw_weights(shape[0], DRAWS, seed)
    drawn = weights @ all_of_them
    # A class that no drawn group has is left out of its resample.
    share = np.divide(weights @ right, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0)
    low, high = np.percentile(np.nanmean(share, axis=1), PERCENTILES)
    return Figure(float((right.sum(axis=0) / all_of_them.sum(axis=0)).mean()), float(low), float(high))


def retrieve(vectors: NDArray[np.floating], labels: Names, groups: Names, seed: int = 0) -> Retrieval:
    """Let every item look for its class among the items of other groups, by cosine.

    Args:
        vectors: (items, dim), any length.
        labels: Class of each.
        groups: Whose each is; every class is in at least two groups.
        seed: Of the bootstrap over groups.
    """
    rows = unit(vectors)
    similarity = rows @ rows.T
    precisions, nearest = [], []
    for index in range(len(rows)):
        others = groups != groups[index]
        alike = (labels[others] == labels[index])[np.argsort(-similarity[index][others], kind="stable")]
        ranks = np.flatnonzero(alike) + 1
        precisions.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
        nearest.append(float(alike[0]))
    names = groups.tolist()
    return Retrieval(mean_interval(precisions, names, seed=seed), mean_interval(nearest, names, seed=seed))


def _best_strength(values: NDArray[np.float64], labels: Names, groups: Names) -> float:
    scores = np.zeros(len(STRENGTHS))
    for fitted, judged in GroupKFold(INNER_FOLDS).split(values, labels, groups):
        for place, strength in enumerate(STRENGTHS):
            model = _regression(strength).fit(values[fitted], labels[fitted])
            scores[place] += balanced_accuracy_score(labels[judged], model.predict(values[judged]))
    return STRENGTHS[int(scores.argmax())]


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000, tol=1e-3)
