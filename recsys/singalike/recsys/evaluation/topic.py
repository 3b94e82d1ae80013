"""The topic `recommender` of `singalike evaluate`."""

from collections.abc import Sequence

from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.section import Section
from singalike.recsys.evaluation.real_voices import evaluate_real_voices


def evaluate_recommender(bench: Bench) -> Sequence[Section]:
    """Judge suggestions on real voices."""
    return [evaluate_real_voices(bench)]
