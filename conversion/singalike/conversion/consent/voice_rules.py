"""The voice rules: reading and takes are one person's, and not a singer's of the catalogue."""

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError

LEAST_READ_BACK_LIKENESS = 0.4
"""Cosine of reading and takes from which on they are one person's."""

LEAST_TAKE_LIKENESS = 0.35
"""Cosine of a take and all others from which on they are one person's."""

LEAST_SINGER_LIKENESS = 0.75
"""Cosine of takes and a singer's recordings below which nobody is taken for that singer."""

SINGER_MARGIN = 0.1
"""By which a singer must be nearer to the takes than the reading is."""


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
        description = "must be in the voice of the takes; these sound like two people"
        message = f"the reading {description}: let the owner of the voice read the phrase, in the same place"
        raise InvalidInputError("READ_BACK_OTHER_VOICE", message, (FieldViolation("read_back", description),))
    return likeness


def check_agreement(takes: Vectors) -> None:
    """Refuse takes of several people.

    Args:
        takes: Unit timbre vector of each take, float32 (takes, dim).

    Raises:
        InvalidInputError: MIXED_VOICES, naming the take that is least like the others.
    """
    if len(takes) < 2:
        return
    others = takes.sum(axis=0) - takes
    likeness = np.sum(takes * others, axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)
    odd = int(np.argmin(likeness))
    if likeness[odd] < LEAST_TAKE_LIKENESS:
        description = "does not sound like the person of the other takes"
        message = f"take {odd + 1} {description}: send takes of one person, alone"
        raise InvalidInputError("MIXED_VOICES", message, (FieldViolation(f"takes[{odd}]", description),))


def check_catalogue(singers: NDArray[np.float64], read_back_likeness: float) -> None:
    """Refuse takes that lie closer to a singer of the catalogue than to the reading.

    Args:
        singers: Cosine of the takes and each singer, float64 (singers,); may be empty.
        read_back_likeness: Cosine of reading and takes.

    Raises:
        WrongStateError: VOICE_OF_CATALOGUE_SINGER.
    """
    nearest = float(np.max(singers, initial=-1.0))
    if nearest >= max(LEAST_SINGER_LIKENESS, read_back_likeness + SINGER_MARGIN):
        message = (
            "the takes lie closer to a singer of the catalogue than to what was read aloud: record takes yourself, "
            "with the microphone of the reading, without a song playing"
        )
        raise WrongStateError("VOICE_OF_CATALOGUE_SINGER", message)
