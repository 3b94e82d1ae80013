"""Put a converted vocal back into its song: as loud as the singer was, at every moment and in every channel."""

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from singalike.audio.sound import Sound, Waveform
from singalike.errors import InvalidInputError

STEP_S, WINDOW_S = 0.05, 0.4
"""Loudness is followed over a momentary window, as in EBU R 128, every 50 ms."""

MOST_CORRECTION_DB = 12.0
REST_DB = -45.0
"""What lies so far under the loud moments of a vocal is a rest: nothing there is brought up."""

BLOCK = 1 << 17

Levels = NDArray[np.float64]


def follow_loudness(vocal: Sound, source: Sound) -> Sound:
    """Give a vocal the loudness that another had at the same moment.

    Args:
        vocal: The converted vocal, one channel.
        source: What it was converted from, any channels, same rate and length.

    Returns:
        The vocal under a gain that changes over tenths of a second and stays within 12 dB; where the source rests it is
        never raised.

    Raises:
        InvalidInputError: SOUNDS_DIFFER, in rate or length.
    """
    _require_alike(vocal, source)
    step = max(round(STEP_S * vocal.sample_rate), 1)
    wanted, given = _levels(source, step), _levels(vocal, step)
    rest = np.percentile(wanted, 95) * 10.0 ** (REST_DB / 10.0)
    # The same floor under both: the ratio goes to one in rests.
    gains = np.sqrt((wanted + rest + 1e-12) / (given + rest + 1e-12))
    most = 10.0 ** (MOST_CORRECTION_DB / 20.0)
    gains = np.clip(gains, 1.0 / most, np.where(wanted > rest, most, 1.0))
    return Sound(_ramped(vocal.waveform, gains, step), vocal.sample_rate)


def remix(vocal: Sound, source: Sound, accompaniment: Sound) -> Sound:
    """Lay a converted vocal over the accompaniment at the balance that the song had.

    The vocal is brought to the loudness of the source moment by moment and to its share in each channel; the
    accompaniment stays as it is, for it and the source once summed to the song. Backing voices belong to it.

    Args:
        vocal: The converted vocal, one channel, same rate and length as the source.
        source: The vocal that was separated from the song, any channels.
        accompaniment: The rest of the song, same rate, in the key of the vocal; its length is the song's.

    Returns:
        The mix, with the accompaniment's channels and length, not limited: its peaks may pass full scale.

    Raises:
        InvalidInputError: SOUNDS_DIFFER.
    """
    if vocal.sample_rate != accompaniment.sample_rate:
        raise InvalidInputError("SOUNDS_DIFFER", "resample the vocal to the rate of its accompaniment first")
    sung = follow_loudness(vocal, source).waveform[0]
    places = _channel_gains(source, accompaniment.channels)
    mix = accompaniment.waveform.copy()
    samples = min(len(sung), mix.shape[-1])
    for first in range(0, samples, BLOCK):
        part = slice(first, min(first + BLOCK, samples))
        mix[:, part] += places[:, None] * sung[part]
    return Sound(mix, vocal.sample_rate)


def _require_alike(vocal: Sound, source: Sound) -> None:
    same = vocal.sample_rate == source.sample_rate and vocal.waveform.shape[-1] == source.waveform.shape[-1]
    if vocal.channels != 1 or not same:
        message = (
            "give a mono vocal with the rate and length of its source: it has "
            f"{vocal.channels} channels, {vocal.sample_rate} Hz and {vocal.waveform.shape[-1]} samples, the source "
            f"{source.sample_rate} Hz and {source.waveform.shape[-1]} samples"
        )
        raise InvalidInputError("SOUNDS_DIFFER", message)


def _levels(sound: Sound, step: int) -> Levels:
    """Mean square over all channels in windows of WINDOW_S every `step` samples, float64 (steps,)."""
    samples = sound.waveform.shape[-1]
    power = np.zeros(-(-samples // step))
    rows = max(BLOCK // step, 1) * step
    for first in range(0, samples, rows):
        block = np.square(sound.waveform[:, first : first + rows]).mean(axis=0, dtype=np.float64)
        starts = np.arange(0, len(block), step)
        counts = np.diff(np.append(starts, len(block)))
        power[first // step : first // step + len(starts)] = np.add.reduceat(block, starts) / counts
    smoothed = scipy.ndimage.uniform_filter1d(power, max(round(WINDOW_S / STEP_S), 1), mode="nearest")
    return np.asarray(np.maximum(smoothed, 0.0))


def _ramped(waveform: Waveform, gains: Levels, step: int) -> Waveform:
    """Apply gains that hold in the middle of each step, on straight lines between, float32 (channels, samples)."""
    changed = np.empty_like(waveform)
    middles = (np.arange(len(gains)) + 0.5) * step
    for first in range(0, waveform.shape[-1], BLOCK):
        last = min(first + BLOCK, waveform.shape[-1])
        ramp = np.interp(np.arange(first, last), middles, gains).astype(np.float32)
        np.multiply(waveform[:, first:last], ramp, out=changed[:, first:last])
    return changed


def _channel_gains(source: Sound, channels: int) -> Waveform:
    """Gain of the vocal in each channel so that it lies where the source lay, float32 (channels,)."""
    if source.channels != channels:
        return np.ones(channels, np.float32)
    power = np.array([np.mean(np.square(channel), dtype=np.float64) for channel in source.waveform])
    mean = float(power.mean())
    return np.sqrt(power / mean).astype(np.float32) if mean > 0 else np.ones(channels, np.float32)
