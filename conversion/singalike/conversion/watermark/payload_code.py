"""The payload as signs of cells, and back by the likeliest symbols.

A payload of 64 bits and its 16-bit check sum make five symbols of 16 bits. A symbol is sent by a random linear code:
its lower 15 bits turn the signs of its cells by parities, its upper bit turns them all. The receiver weighs all 65 536
words at once by a Walsh-Hadamard transform and takes the likeliest: that needs far less evidence than bit by bit.
"""

import binascii

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.watermark.layout import SYMBOL_BITS, SYMBOLS, Layout, Signs
from singalike.errors import InvalidInputError

PAYLOAD_BYTES = 8
_SIGN_BIT = 1 << (SYMBOL_BITS - 1)


def code_signs(layout: Layout, payload: int) -> Signs:
    """Write a payload into the signs of one period.

    Args:
        layout: Of the key.
        payload: 0 <= payload < 2**64.

    Returns:
        +1 or -1, float32 (PERIOD, BANDS).

    Raises:
        InvalidInputError: PAYLOAD_OUT_OF_RANGE.
    """
    if not 0 <= payload < 1 << (8 * PAYLOAD_BYTES):
        raise InvalidInputError("PAYLOAD_OUT_OF_RANGE", f"The payload must be within 0 and 2**64 - 1; it is {payload}.")
    # The pilots (role 0) are never turned.
    words = np.array([0, *_split(payload)], np.int64)[layout.role]
    turned = (np.bitwise_count(words & layout.generator) + (words >= _SIGN_BIT)) & 1
    return np.where(turned, -layout.signs, layout.signs)


def read_payload(layout: Layout, table: NDArray[np.float32]) -> int | None:
    """Read the payload out of one period of evidence.

    Args:
        layout: Of the key.
        table: Evidence for a raised cell, positive, or a lowered one, negative; float32 (PERIOD, BANDS), in place.

    Returns:
        The payload; None when the check sum says that it is not whole.

    Source:
        Green 1966, A serial orthogonal decoder, JPL Space Programs Summary 37-39, for the transform as decoder.
    """
    received = table * layout.signs
    words = []
    for symbol in range(1, SYMBOLS + 1):
        held = layout.role == symbol
        sums = np.bincount(layout.generator[held], weights=received[held], minlength=_SIGN_BIT)
        likeness = _hadamard(sums.astype(np.float64))
        best = int(np.argmax(np.abs(likeness)))
        words.append(best | (_SIGN_BIT if likeness[best] < 0 else 0))
    return _join(words)


def _split(payload: int) -> list[int]:
    content = payload.to_bytes(PAYLOAD_BYTES, "big")
    whole = content + binascii.crc_hqx(content, 0xFFFF).to_bytes(2, "big")
    return [int.from_bytes(whole[at : at + 2], "big") for at in range(0, len(whole), 2)]


def _join(words: list[int]) -> int | None:
    whole = b"".join(word.to_bytes(2, "big") for word in words)
    content, check = whole[:PAYLOAD_BYTES], int.from_bytes(whole[PAYLOAD_BYTES:], "big")
    return int.from_bytes(content, "big") if binascii.crc_hqx(content, 0xFFFF) == check else None


def _hadamard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transform (2**n,) so that element w is the sum of values[g] * (-1)**parity(w & g)."""
    half = 1
    while half < len(values):
        pairs = values.reshape(-1, 2, half)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        half *= 2
    return values
