"""Tell a lead voice from backing voices by where they stand in the stereo picture.

The lead stands at one place, mostly the middle; who sings along stands beside it. What comes from beside that place is
known from the channels: it is what is left when the place is cancelled. How much of it there is at a harmonic of the
lead, or between them, says how much of that cell of time and frequency belongs to somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.separation.stft import Spectra
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch
from singalike.conversion.song.spectral_blocks import bins_hz, changed_in_blocks, frame_length, off_harmonic_hz

Floats = NDArray[np.float32]

HARMONIC_HZ, HARMONIC_SHARE = 16.0, 0.012
"""A bin belongs to a harmonic within this distance, or this share of its frequency: vibrato widens the upper ones."""

HIGHEST_HARMONIC_HZ = 6000.0
FARTHEST_DEG = 25.0
"""A lead stands within this angle from the middle; 45 is one channel alone."""

MIDDLE_DEG, PLACE_DEG = 20.0, 3.0
"""Spread of where leads stand, and of how exactly a frame tells it."""

BETWEEN_HARMONICS = 8.0
"""How much more than at a harmonic what comes from the side counts between them. A voice at 10 degrees from the lead
has a ninth of its power in the difference; one at 45 has half."""

WIDEST = 0.3
"""With more of the lead's own power than this beside its place, it stands nowhere: it was sung twice, or widened."""

NO_SIDE = 1e-5
_TINY = np.float32(1e-20)


@dataclass(frozen=True)
class Place:
    """Where a lead stands.

    Attributes:
        angle: In radians; 0 the left channel alone, pi / 4 the middle.
        width: Power beside the place over the power at it, at harmonics of the lead.
    """

    angle: float
    width: float

    def at_and_beside(self, left: Spectra, right: Spectra) -> tuple[Spectra, Spectra]:
        """Return what comes from the place, and what is left when it is cancelled."""
        cosine, sine = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        return cosine * left + sine * right, cosine * right - sine * left


def find_lead(vocal: Sound, pitch: PitchTrack, watch: Watch) -> Sound:
    """Return the lead voice of a vocal.

    Args:
        vocal: All voices without accompaniment, any rate, one or two channels.
        pitch: Of the strongest voice.
        watch: Sees how far the work is, and may stop it.

    Returns:
        The lead, as many channels and samples. The vocal itself where it has one channel, where all of it comes from
        one place, or where the lead stands nowhere: then nobody can be told apart.

    Source:
        Avendano and Jot 2004, "A frequency-domain approach to multichannel upmix", JAES 52(7), for the stereo place of
        cells; Barry et al. 2004, ADRess, DAFx, for cancelling it. The weights between harmonics are ours.
    """
    if vocal.channels != 2 or _side_share(vocal.waveform) < NO_SIDE:
        watch(1.0)
        return vocal
    place = find_place(vocal, pitch)
    if place is None or place.width > WIDEST:
        watch(1.0)
        return vocal
    hz = bins_hz(vocal.sample_rate)

    def keep_lead(spectra: Sequence[Spectra], frames: slice) -> Spectra:
        at, beside = place.at_and_beside(*spectra)
        on_harmonic = off_harmonic_hz(pitch, frames, vocal.sample_rate) < _harmonic_width_hz(hz)
        mask = _lead_share(_power(at), _power(beside), on_harmonic, place.width)
        return np.asarray(at * mask, dtype=np.complex64)

    lead = changed_in_blocks(vocal.waveform, vocal.sample_rate, keep_lead, watch)
    gains = np.array([np.cos(place.angle), np.sin(place.angle)], dtype=np.float32)
    return Sound(gains[:, None] * lead, vocal.sample_rate)


def find_place(vocal: Sound, pitch: PitchTrack) -> Place | None:
    """Find where the voice with this pitch stands; None where it sings nothing."""
    rate, length = vocal.sample_rate, frame_length(vocal.sample_rate)
    hz = bins_hz(rate)
    tracked = hz < HIGHEST_HARMONIC_HZ
    window = np.hanning(length).astype(np.float32)
    sums = []
    # Every other frame: a place needs no overlap.
    for frame in range(0, vocal.waveform.shape[-1] // (length // 2) - 1, 2):
        off = off_harmonic_hz(pitch, slice(frame, frame + 1), rate)[0]
        bins = (off < _harmonic_width_hz(hz)) & tracked
        if bins.any():
            start = max(frame * length // 2 - length // 2, 0)
            left, right = np.fft.rfft(vocal.waveform[:, start : start + length] * window)[:, bins]
            sums.append((np.vdot(left, left).real, np.vdot(right, right).real, np.vdot(left, right).real))
    if not sums:
        return None
    powers = np.array(sums)
    angle = _likeliest_angle(powers)
    return Place(angle, _width(powers, angle))


def _likeliest_angle(powers: NDArray[np.float64]) -> float:
    """The angle at which most frames have the lead, (frames, [left, right, both])."""
    left, right, both = powers.T
    angles = np.rad2deg(0.5 * np.arctan2(2.0 * both, left - right)) - 45.0
    tried = np.arange(-FARTHEST_DEG, FARTHEST_DEG + 0.5, 1.0)
    near = np.exp(-0.5 * np.square((angles[None] - tried[:, None]) / PLACE_DEG)) @ np.sqrt(left + right)
    usual = np.exp(-0.5 * np.square(tried / MIDDLE_DEG))
    return float(np.deg2rad(tried[int(np.argmax(near * usual))] + 45.0))


def _width(powers: NDArray[np.float64], angle: float) -> float:
    """Median over the sung power of what lies beside an angle for what lies at it."""
    left, right, both = powers.T
    cosine, sine = np.cos(angle), np.sin(angle)
    at = cosine**2 * left + sine**2 * right + 2.0 * cosine * sine * both
    beside = sine**2 * left + cosine**2 * right - 2.0 * cosine * sine * both
    ratio = beside / np.maximum(at, 1e-20)
    order = np.argsort(ratio)
    below = np.cumsum((left + right)[order])
    return float(max(ratio[order][np.searchsorted(below, below[-1] / 2.0)], 0.0))


def _lead_share(at: Floats, beside: Floats, on_harmonic: NDArray[np.bool_], width: float) -> Floats:
    """How much of every cell is the lead's, float32 (frames, bins) in [0, 1]."""
    at = scipy.ndimage.uniform_filter(at, 3, mode="nearest")
    beside = scipy.ndimage.uniform_filter(beside, 3, mode="nearest")
    # The lead's own room is beside it too.
    others = np.maximum(beside - np.float32(width) * at, 0.0)
    others *= np.where(on_harmonic, np.float32(1.0), np.float32(BETWEEN_HARMONICS))
    return np.asarray(np.clip(1.0 - others / (at + _TINY), 0.0, 1.0), dtype=np.float32)


def _harmonic_width_hz(hz: Floats) -> Floats:
    return np.asarray(np.maximum(np.float32(HARMONIC_HZ), np.float32(HARMONIC_SHARE) * hz), dtype=np.float32)


def _power(spectra: Spectra) -> Floats:
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag), dtype=np.float32)


def _side_share(waveform: Waveform) -> float:
    """Power of the difference of the channels over that of their sum."""
    left, right = waveform
    both = float(np.dot(left, right))
    whole = float(np.dot(left, left)) + float(np.dot(right, right))
    return (whole - 2.0 * both) / max(whole + 2.0 * both, 1e-20)
