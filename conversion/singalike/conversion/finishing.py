"""The last steps of every mix: limited, then marked, and under the ceiling all the same."""

import numpy as np

from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches
from singalike.conversion.limiter import CEILING_DBTP, limit_true_peak, measure_true_peak
from singalike.conversion.watermark import embed

MARK_ROOM_DB = 0.3
"""By how much the mark raises the peaks of dense music; what goes beyond is taken off the whole."""


LIMITED, MARKED = 0.65, 0.85
"""Share of the work that is done when the mix is limited, and marked."""


def finish(mix: Sound, key: bytes, payload: int, watch: Watch = nobody_watches) -> Sound:
    """Limit a mix and hide the watermark in it.

    The mark comes last, so that nothing of ours works on it any more, yet it raises peaks: the limiter leaves room for
    that, and if the room was too small, the whole is turned down by the rest.

    Args:
        mix: The final mix, any rate and channels; may swing beyond full scale.
        key: Secret of the watermark, at least 16 bytes.
        payload: What the watermark says, 0 <= payload < 2**64.
        watch: Sees how far the work is, and may stop it.

    Returns:
        Sound of the same shape, marked, with no true peak over CEILING_DBTP.

    Raises:
        InvalidInputError: WATERMARK_KEY_TOO_SHORT, PAYLOAD_OUT_OF_RANGE.
    """
    limited = limit_true_peak(mix, CEILING_DBTP - MARK_ROOM_DB, lambda share: watch(LIMITED * share))
    marked = embed(limited, key, payload, lambda share: watch(LIMITED + (MARKED - LIMITED) * share))
    excess_db = measure_true_peak(marked, lambda share: watch(MARKED + (1.0 - MARKED) * share)) - CEILING_DBTP
    if excess_db <= 0.0:
        return marked
    np.multiply(marked.waveform, np.float32(10.0 ** (-excess_db / 20.0) * (1.0 - 1e-6)), out=marked.waveform)
    return marked
