"""Moments of a voice that are kept to be searched, and how much of them is heard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.engine import ConvertOptions
from singalike.conversion.neural.listening import Heard

Floats = NDArray[np.float32]

MOST_MOMENTS = 30_000
"""Ten minutes: kNN-VC gains nothing from more, and every song is searched in all of them."""

_RUN = 50
"""Moments that are kept or left out together, a second: what goes on shall go on."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What is kept of a voice.

    Attributes:
        content: float16 (moments, dim).
        log2_f0: float32 (moments,), octaves over 1 Hz, NaN where unvoiced.
        follows: bool (moments,), whether a moment was sung right behind the one before it.
    """

    content: NDArray[np.float16]
    log2_f0: Floats
    follows: NDArray[np.bool_]


def chosen_moments(takes: Heard, seed: int) -> Moments:
    """Choose the sounding moments of takes; of more than ten minutes, seconds drawn at random."""
    rows = np.flatnonzero(takes.sounding)
    if len(rows) > MOST_MOMENTS:
        runs = np.random.default_rng(seed).permutation(-(-len(rows) // _RUN))[: MOST_MOMENTS // _RUN]
        rows = rows[np.isin(np.arange(len(rows)) // _RUN, runs)]
    follows = takes.follows[rows]
    follows[1:] &= np.diff(rows) == 1
    follows[0] = False
    return Moments(takes.content[rows].astype(np.float16), takes.log2_f0[rows], follows)


def mixed(wanted: Heard, retrieved: Floats, options: ConvertOptions, share: float, protect: float) -> Floats:
    """Mix retrieved moments with the source's own rows.

    Args:
        wanted: The source.
        retrieved: float32 (rows, dim).
        options: What a person chose.
        share: Of what was retrieved, where nobody chose.
        protect: Share of that for unvoiced rows, where nobody chose.

    Returns:
        float32 (rows, dim).
    """
    share = share if options.retrieval_share is None else options.retrieval_share
    protect = protect if options.protect is None else options.protect
    part = np.where(wanted.row_hz > 0, share, share * protect).astype(np.float32)[:, None]
    return np.asarray(part * retrieved + (1.0 - part) * wanted.content, dtype=np.float32)
