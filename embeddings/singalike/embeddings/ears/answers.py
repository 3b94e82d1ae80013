"""From what a foreign network answers to vectors that keep the promises of the port."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.embeddings.profile import Vectors
from singalike.embeddings.projection import unit
from singalike.errors import InvalidInputError, WrongStateError

SHORTEST_S = 0.1
AT_ONCE_S = 60.0
"""Sound in one call of a network, in seconds: what a laptop's memory holds of any of them."""

Network = Callable[[NDArray[np.float32]], NDArray[np.floating]]
"""Takes float32 (batch, samples), gives (batch, dim)."""


def embed_equal_lengths(
    waveforms: Sequence[Waveform], sample_rate: int, dim: int, network: Network, at_once: int = 0
) -> Vectors:
    """Run a network over waveforms of any lengths without padding, so that no company can change a vector.

    Args:
        waveforms: float32 (samples,) each.
        sample_rate: Of the waveforms, in Hz.
        dim: Numbers that the network has promised.
        network: Gets only waveforms of one length at once.
        at_once: Waveforms that it takes in one call; 0: as many as memory holds.

    Returns:
        Unit vectors, float32 (n, dim), in order.

    Raises:
        InvalidInputError: TOO_SHORT, WAVEFORM_SHAPE.
        WrongStateError: ENCODER_ANSWER_WRONG, the network breaks its promise.
    """
    for waveform in waveforms:
        if waveform.ndim != 1:
            raise InvalidInputError("WAVEFORM_SHAPE", f"pass a mono waveform (samples,), not {waveform.shape}")
        if len(waveform) < SHORTEST_S * sample_rate:
            raise InvalidInputError("TOO_SHORT", f"there are less than {SHORTEST_S} s of sound here: pass more")
    vectors = np.zeros((len(waveforms), dim), dtype=np.float32)
    for batch in _equal_lengths([len(waveform) for waveform in waveforms], sample_rate, at_once):
        answer = network(np.stack([waveforms[index] for index in batch]).astype(np.float32, copy=False))
        vectors[batch] = checked(answer, (len(batch), dim))
    return vectors


def checked(answer: NDArray[np.floating], shape: tuple[int, int]) -> Vectors:
    """Return the unit vectors of an answer whose shape and values are as promised.

    Raises:
        WrongStateError: ENCODER_ANSWER_WRONG.
    """
    if answer.shape != shape:
        message = f"the encoder answers with {answer.shape} where {shape} is promised: correct `dim` or the output"
        raise WrongStateError("ENCODER_ANSWER_WRONG", message)
    vectors = unit(answer)
    if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise WrongStateError("ENCODER_ANSWER_WRONG", "the encoder answers without a direction: check its input")
    return vectors


def _equal_lengths(lengths: Sequence[int], sample_rate: int, at_once: int) -> list[list[int]]:
    """Group the places of equal lengths, each group short enough to be run at once."""
    places: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        places.setdefault(length, []).append(place)
    groups = []
    for length, same in places.items():
        most = at_once or max(int(AT_ONCE_S * sample_rate / length), 1)
        groups += [same[first : first + most] for first in range(0, len(same), most)]
    return groups
