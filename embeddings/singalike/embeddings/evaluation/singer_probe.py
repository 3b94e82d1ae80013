"""How much of who sings shows in a vector: a linear probe, judged on songs that it has not seen."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure

FOLDS = 10


def tell_singers(vectors: NDArray[np.floating], singers: Sequence[str], songs: Sequence[str]) -> Mapping[str, Figure]:
    """Probe vectors for their singers.

    A logistic regression is fitted on all songs but a tenth and asked about that tenth, in turns.

    Args:
        vectors: (items, dim).
        singers: Whose each is, at least two.
        songs: What each is of; items of one song stay together.

    Returns:
        "accuracy" with its interval over items, "majority" (always naming the commonest singer) and "above majority";
        NaN where there are fewer than ten songs.
    """
    majority = Counter(singers).most_common(1)[0][1] / len(singers)
    if len(set(songs)) < FOLDS:
        return {"accuracy": Figure(math.nan), "majority": Figure(majority), "above majority": Figure(math.nan)}
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    named = cross_val_predict(probe, vectors, np.array(singers), groups=np.array(songs), cv=GroupKFold(FOLDS))
    accuracy = mean_interval((named == np.array(singers)).astype(np.float64))
    return {"accuracy": accuracy, "majority": Figure(majority), "above majority": Figure(accuracy.value - majority)}
