"""The harmonic source of a neural renderer: sines at the pitch and its multiples where a voice sounds, noise elsewhere.

Source:
    Wang, Takaki and Yamagishi 2019, Neural source-filter waveform models, section 2.2,
    https://arxiv.org/abs/1904.12088.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SINE_LEVEL, VOICED_NOISE = 0.1, 0.003
UNVOICED_NOISE = SINE_LEVEL / 3.0


def harmonic_source(f0_hz: NDArray[np.float32], hop: int, sample_rate: int, harmonics: int, noise: Tensor) -> Tensor:
    """Sound as a larynx would: every harmonic as loud as the others, and all in phase.

    Args:
        f0_hz: float32 (rows,), the pitch to sing, zero where unvoiced; each row holds for `hop` samples.
        hop: Samples of a row.
        sample_rate: In Hz.
        harmonics: Sines over the fundamental.
        noise: Normal, float32 (rows * hop, harmonics + 1).

    Returns:
        float32 (rows * hop, harmonics + 1); what would lie above half the sample rate is silent.
    """
    held = np.repeat(f0_hz.astype(np.float64), hop)
    # Summed in double precision: after a minute, single precision would be some cents off.
    turns = np.cumsum(held / sample_rate)
    multiples = np.arange(1, harmonics + 2)
    phase = turns[:, None] * multiples
    sines = np.sin(2.0 * np.pi * (phase - np.floor(phase)))
    sines *= (held[:, None] * multiples < sample_rate / 2) & (held[:, None] > 0)
    level = np.where(held > 0, VOICED_NOISE, UNVOICED_NOISE)[:, None]
    return (
        torch.from_numpy((SINE_LEVEL * sines).astype(np.float32)) + torch.from_numpy(level.astype(np.float32)) * noise
    )
