"""The voice rules: reading and takes are one person's, and not a singer's of the catalogue.

All limits were chosen on LibriSpeech, whose clips were cut into a reading and a take that was sung by resynthesis, and
measured on other voices (`benchmarks/consent.py`, docs/consent.md).
"""

import math

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError

LEAST_READ_BACK_LIKENESS = 0.45
"""Cosine of reading and takes from which on they are one person's: 1 in 50 to 1 in 5 others of the gender pass."""

LEAST_TAKES_LIKENESS = 0.27
"""Cosine of the two most unlike groups of takes from which on they are one person's: about 1 in 10 who sing in two
manners are refused."""

LEAST_MARGIN, FIRST_MARGIN, MARGIN_A_DECADE, MOST_MARGIN = 0.1, 0.03, 0.05, 0.3
"""By how much a singer must be nearer to the takes than the reading is: the more singers are compared, the nearer the
nearest of them is by chance."""


def check_read_back(reading: Vectors, takes: Vectors) -> float:
    """Refuse a reading in another voice than that of the takes.

    Args:
        reading: Unit timbre vector of the reading, float32 (dim,).
        takes: Of all takes together, float32 (dim,).

    Returns:
        Cosine of the two.

    Raises:
        InvalidInputError: READ_BACK_OTHER_VOICE.
    """
    likeness = float(reading @ takes)
    if likeness < LEAST_READ_BACK_LIKENESS:
        description = "does not sound like the voice of the takes"
        message = (
            f"the reading {description}: let the owner of the voice read the phrase, best in the same place, with the "
            "same microphone"
        )
        raise InvalidInputError("READ_BACK_OTHER_VOICE", message, (FieldViolation("read_back", description),))
    return likeness


def takes_likeness(takes: Vectors) -> float:
    """Say how alike the takes are where they are least: one beside all others, and two groups as unlike as can be.

    One stranger's take stands out alone, and the takes of two people part by person, however many each has.

    Args:
        takes: Unit timbre vector of each take, float32 (takes, dim).

    Returns:
        Cosine of the means of the two groups; 1 for a single take.

    Source:
        The sign of the first principal component, as in Boley 1998, Principal direction divisive partitioning.
    """
    if len(takes) < 2:
        return 1.0
    first = np.linalg.svd(takes - takes.mean(axis=0), full_matrices=False)[0][:, 0] > 0
    # Takes that are all the same part nowhere.
    groups = [*np.eye(len(takes), dtype=bool), *([first] if 0 < first.sum() < len(takes) else [])]
    return min(_cosine(takes[group].sum(axis=0), takes[~group].sum(axis=0)) for group in groups)


def _cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def check_agreement(takes: Vectors) -> None:
    """Refuse takes of several people.

    Args:
        takes: Unit timbre vector of each take, float32 (takes, dim).

    Raises:
        InvalidInputError: MIXED_VOICES.
    """
    if takes_likeness(takes) < LEAST_TAKES_LIKENESS:
        description = "do not all sound like one person"
        message = f"the takes {description}: send recordings of one person who sings alone"
        raise InvalidInputError("MIXED_VOICES", message, (FieldViolation("takes", description),))


def catalogue_margin(tracks: int) -> float:
    """Return by how much a track must be nearer to the takes than the reading is, to be taken for the same voice.

    Args:
        tracks: How many are compared, above zero.
    """
    return min(max(LEAST_MARGIN, FIRST_MARGIN + MARGIN_A_DECADE * math.log10(tracks)), MOST_MARGIN)


def check_catalogue(tracks: NDArray[np.float64], read_back_likeness: float) -> None:
    """Refuse takes that lie closer to a singer of the catalogue than to the reading.

    Args:
        tracks: Cosine of the takes and each track, float64 (tracks,); may be empty.
        read_back_likeness: Cosine of reading and takes.

    Raises:
        WrongStateError: VOICE_OF_CATALOGUE_SINGER.
    """
    if len(tracks) and float(tracks.max()) > read_back_likeness + catalogue_margin(len(tracks)):
        message = (
            "the takes lie closer to a singer of the catalogue than to what was read aloud: record takes and reading "
            "yourself, in one place, without a song playing"
        )
        raise WrongStateError("VOICE_OF_CATALOGUE_SINGER", message)
