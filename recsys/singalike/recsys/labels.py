"""Words that owners said of tracks, as numbers, so that a filter is one comparison of arrays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOT_SAID = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """One word for each row of a `CatalogueView`.

    Attributes:
        codes: intp (tracks,), number of the word, -1 where nothing was said.
        code_of: Number of each word that occurs.
    """

    codes: NDArray[np.intp]
    code_of: dict[str, int]

    def among(self, words: Collection[str]) -> NDArray[np.bool_]:
        """Tell which rows have one of some words, bool (tracks,)."""
        wanted = [self.code_of[word] for word in words if word in self.code_of]
        return np.isin(self.codes, wanted)


def label(words: Sequence[str | None]) -> Labels:
    """Number words in the order of the alphabet; None is no word."""
    code_of = {word: code for code, word in enumerate(sorted({word for word in words if word is not None}))}
    codes = [NOT_SAID if word is None else code_of[word] for word in words]
    return Labels(np.array(codes, dtype=np.intp), code_of)
