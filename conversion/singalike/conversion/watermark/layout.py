"""Which cell of the time-frequency grid carries what, drawn from the key.

The grid has 104 bands of 62.5 Hz from 500 to 7000 Hz and cells of 32 ms, and repeats every 128 cells, which is 4.1 s.
Within a period the key deals the cells out: a quarter are pilots, whose signs are known, and the rest carry the symbols
of the payload.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.errors import InvalidInputError

GRID_RATE = 16_000
FRAME_LENGTH = 512
BAND_BINS = 2
FIRST_BIN = 16
BANDS = 104
FRAMES_A_CELL = 2
CELL_SAMPLES = FRAMES_A_CELL * FRAME_LENGTH // 2
PERIOD = 128
BAND_HZ = BAND_BINS * GRID_RATE / FRAME_LENGTH
LOWEST_HZ = FIRST_BIN * GRID_RATE / FRAME_LENGTH
HIGHEST_HZ = LOWEST_HZ + BANDS * BAND_HZ
CELL_S = CELL_SAMPLES / GRID_RATE
PERIOD_S = PERIOD * CELL_S

SYMBOLS = 5
SYMBOL_BITS = 16
PILOT_SHARE = 4
LEAST_KEY_BYTES = 16
_LABEL = b"singalike watermark, layout 1"

Signs = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layout:
    """What a key makes of one period.

    Attributes:
        signs: +1 or -1 for every cell, float32 (PERIOD, BANDS).
        role: 0 for a pilot, else 1 + the number of the symbol that the cell carries, int64 (PERIOD, BANDS).
        generator: For every cell the mask of the symbol's lower 15 bits whose parity turns its sign, int64
            (PERIOD, BANDS).
    """

    signs: Signs
    role: NDArray[np.int64]
    generator: NDArray[np.int64]


def draw_layout(key: bytes) -> Layout:
    """Draw the layout of a key.

    The draw uses SHAKE-256 alone and no library's random generator, so that a mark stays readable for as long as this
    file says how.

    Args:
        key: The secret, at least 16 bytes.

    Returns:
        The same layout for the same key, everywhere and always; layouts of different keys have nothing in common.

    Raises:
        InvalidInputError: WATERMARK_KEY_TOO_SHORT.

    Source:
        FIPS 202, SHAKE-256.
    """
    if len(key) < LEAST_KEY_BYTES:
        raise InvalidInputError(
            "WATERMARK_KEY_TOO_SHORT",
            f"The watermark key has {len(key)} bytes; give a secret of at least {LEAST_KEY_BYTES}.",
        )
    cells = PERIOD * BANDS
    secret = hashlib.sha3_256(key).digest()
    drawn = (
        np.frombuffer(hashlib.shake_256(_LABEL + secret).digest(16 * cells), "<u4").reshape(4, cells).astype(np.int64)
    )
    # Two words an order make ties, which a sort would break by place, as good as impossible.
    order = np.lexsort((drawn[0], drawn[1]))
    pilots = cells // PILOT_SHARE
    role = np.empty(cells, np.int64)
    role[order[:pilots]] = 0
    role[order[pilots:]] = 1 + np.arange(cells - pilots) % SYMBOLS
    shape = (PERIOD, BANDS)
    signs = np.where(drawn[2] & 1, 1.0, -1.0).astype(np.float32)
    generator = drawn[3] & ((1 << (SYMBOL_BITS - 1)) - 1)
    return Layout(signs.reshape(shape), role.reshape(shape), generator.reshape(shape))
