"""Half precision where a GPU computes, and the same result every time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def half_precision(device: str) -> Iterator[None]:
    """Compute in float16 with deterministic kernels on a GPU; leave a CPU alone.

    float16 and not bfloat16: eight bits of mantissa are audible in a waveform.

    Args:
        device: A torch device.
    """
    if torch.device(device).type != "cuda":
        yield
        return
    with torch.autocast("cuda", torch.float16), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        yield
