"""Sound as it comes out of a decoder, counted and checked while it comes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from singalike.audio.decoding.limits import DecodeLimits
from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.sound import Waveform


@dataclass(frozen=True, eq=False)
class SoundStream:
    """A recording being decoded.

    Attributes:
        sample_rate: In Hz.
        channels: Number of channels.
        promised_samples: Least length that the header promises, in samples a channel; None when it promises nothing.
        blocks: float32 (channels, n), one after the other.
    """

    sample_rate: int
    channels: int
    promised_samples: int | None
    blocks: Iterator[Waveform]


def drain(stream: SoundStream, limits: DecodeLimits, write: Callable[[Waveform], None]) -> int:
    """Pass a whole stream to `write`, stopping at the first sign that it must be refused.

    Args:
        stream: The recording.
        limits: What it may be.
        write: Takes each block, float32 (channels, n).

    Returns:
        Number of samples a channel.

    Raises:
        InvalidInputError: With one of the reasons of docs/refusals.md.
    """
    _check_format(stream, limits)
    max_samples = int(limits.max_duration_s * stream.sample_rate)
    if stream.promised_samples is not None and stream.promised_samples > max_samples:
        raise refusal(Refusal.TOO_LONG, limit_s=f"{limits.max_duration_s:g}")
    samples, lowest, highest = 0, np.inf, -np.inf
    for block in stream.blocks:
        samples += block.shape[-1]
        if samples > max_samples:
            raise refusal(Refusal.TOO_LONG, limit_s=f"{limits.max_duration_s:g}")
        lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
        # A NaN makes the minimum NaN, an infinity stays: two reductions find both.
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise refusal(Refusal.NOT_FINITE)
        write(block)
    _check_length(samples, stream, limits)
    _check_level(lowest, highest, limits)
    return samples


def _check_format(stream: SoundStream, limits: DecodeLimits) -> None:
    if not limits.min_sample_rate <= stream.sample_rate <= limits.max_sample_rate:
        raise refusal(
            Refusal.BAD_SAMPLE_RATE,
            sample_rate=stream.sample_rate,
            lowest=limits.min_sample_rate,
            highest=limits.max_sample_rate,
        )
    if stream.channels < 1:
        raise refusal(Refusal.DAMAGED, detail="it declares no channels")
    if stream.channels > limits.max_channels:
        raise refusal(Refusal.TOO_MANY_CHANNELS, channels=stream.channels)


def _check_length(samples: int, stream: SoundStream, limits: DecodeLimits) -> None:
    duration_s = samples / stream.sample_rate
    if stream.promised_samples is not None and samples < stream.promised_samples:
        promised_s = stream.promised_samples / stream.sample_rate
        raise refusal(Refusal.TRUNCATED, detail=f"{duration_s:.1f} s of {promised_s:.1f} s")
    if duration_s < limits.min_duration_s:
        raise refusal(Refusal.TOO_SHORT, duration_s=f"{duration_s:.2f}", limit_s=f"{limits.min_duration_s:g}")


def _check_level(lowest: float, highest: float, limits: DecodeLimits) -> None:
    # The swing around the middle, so that a constant offset counts as silence.
    if (highest - lowest) / 2 < limits.silence_peak:
        raise refusal(Refusal.SILENT)
    peak = max(highest, -lowest)
    if peak > limits.max_peak:
        raise refusal(Refusal.OUT_OF_SCALE, peak=f"{peak:.3g}")
