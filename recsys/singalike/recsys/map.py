"""The singers on a plane, near to whom they sound like."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.errors import WrongStateError

FEWEST_SINGERS = 4
NEIGHBOURS = 15
MIN_DISTANCE = 0.1
START_EXTENT = 10.0
TRUST_NEIGHBOURS = 5


def place_on_map(vectors: Vectors, seed: int = 0) -> Vectors:
    """Place vectors on a plane with UMAP; the same vectors and seed give the same map.

    The start is the first two principal components instead of the spectral layout, which fails below about 16 points.

    Args:
        vectors: Unit rows, float32 (singers, dim).
        seed: Of the layout.

    Returns:
        float32 (singers, 2), without unit.

    Raises:
        WrongStateError: TOO_FEW_SINGERS, fewer than four.

    Source:
        McInnes, Healy and Melville 2018, UMAP, https://arxiv.org/abs/1802.03426.
    """
    if len(vectors) < FEWEST_SINGERS:
        raise WrongStateError(
            "TOO_FEW_SINGERS", f"a map needs {FEWEST_SINGERS} singers, the catalogue holds {len(vectors)}: ingest more"
        )
    with warnings.catch_warnings():  # umap says at import that it has no TensorFlow; nothing here wants it
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP
    layout = UMAP(
        n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
        min_dist=MIN_DISTANCE,
        metric="cosine",
        init=_principal_components(vectors),
        random_state=seed,
        n_jobs=1,  # several threads would make the layout depend on their timing
    )
    return np.asarray(layout.fit_transform(vectors), dtype=np.float32)


def trustworthiness(vectors: Vectors, positions: Vectors) -> float:
    """Say how far neighbours on the map are neighbours in truth.

    Args:
        vectors: Unit rows, float32 (singers, dim), at least four.
        positions: float32 (singers, 2).

    Returns:
        In [0, 1], 1 when the nearest five (fewer on small maps) on the map are all near in truth.

    Source:
        Venna and Kaski 2001, Neighborhood preservation in nonlinear projection methods, eq. 1.
    """
    from sklearn.manifold import trustworthiness as measure

    neighbours = min(TRUST_NEIGHBOURS, (len(vectors) - 1) // 2)
    return float(measure(vectors, positions, n_neighbors=neighbours, metric="cosine"))


def silhouette(positions: Vectors, labels: Sequence[str | None]) -> float | None:
    """Say how well labels part the map.

    Args:
        positions: float32 (singers, 2).
        labels: One for each singer; None is left out.

    Returns:
        Mean silhouette in [-1, 1]; None with fewer than two labels, or as many labels as singers.

    Source:
        Rousseeuw 1987, Silhouettes, https://doi.org/10.1016/0377-0427(87)90125-7.
    """
    from sklearn.metrics import silhouette_score

    known = np.array([label is not None for label in labels])
    kinds = {label for label in labels if label is not None}
    if not 2 <= len(kinds) < known.sum():
        return None
    return float(silhouette_score(positions[known], [label for label in labels if label is not None]))


def _principal_components(vectors: Vectors) -> NDArray[np.float32]:
    centred = vectors - vectors.mean(axis=0)
    axes, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    positions = axes[:, :2] * lengths[:2]
    signs = np.where(positions[np.abs(positions).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    extent = np.abs(positions).max()
    return np.asarray(signs * positions * (START_EXTENT / extent if extent > 0 else 1.0), dtype=np.float32)
