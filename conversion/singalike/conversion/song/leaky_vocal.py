"""Find the voice in a vocal that still holds rests of the band.

A separator that knows nothing of voices leaves guitars and drums in the vocal. An engine would give them the target's
colour. So only what can be the voice is converted: moments in which a pitch is heard for sure, with the consonants
beside them, and in these what lies at harmonics or where consonants lie. The rest stays in the accompaniment.
"""

from collections.abc import Sequence

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.separation.stft import Spectra
from singalike.audio.sound import Sound
from singalike.audio.watching import Watch
from singalike.conversion.song.lead_voice import find_lead
from singalike.conversion.song.spectral_blocks import (
    at_frames,
    below_fundamental,
    bins_hz,
    changed_in_blocks,
    off_harmonic_hz,
)
from singalike.embeddings.vocal_range import CONFIDENT_VOICING

Floats = NDArray[np.float32]

REACH_S = 0.1
"""Consonants and breath this near to a sung moment belong to it."""

FADE_S = 0.05
HARMONIC_HZ, HARMONIC_SHARE = 40.0, 0.02
LEAST_SHARE = 0.25
"""Kept between harmonics: a mask that goes to nothing makes a voice hollow."""

HARMONICS_UP_TO_HZ = 4000.0
"""Above, breath and sibilants are the voice, and harmonics are not told apart."""


def find_leaky_lead(vocal: Sound, pitch: PitchTrack, watch: Watch) -> Sound:
    """Return the lead voice of a leaky vocal: what comes from its place in the picture, and of this what is the voice.

    Args:
        vocal: With rests of the band in it, any rate, one or two channels.
        pitch: Of the lead, NaN where none is active.
        watch: Sees how far the work is, and may stop it.

    Returns:
        Mono, as long.
    """
    lead = find_lead(vocal, pitch, lambda share: watch(0.5 * share))
    return find_voice(lead, pitch, lambda share: watch(0.5 + 0.5 * share))


def find_voice(vocal: Sound, pitch: PitchTrack, watch: Watch) -> Sound:
    """Return what of a leaky vocal is the voice.

    Args:
        vocal: As a separator without training made it, any rate; channels are averaged.
        pitch: Of the voice, NaN where none is active.
        watch: Sees how far the work is, and may stop it.

    Returns:
        Mono, as long.
    """
    mono = vocal.mono()
    sure = np.isfinite(pitch.f0_hz) & (pitch.voicing >= CONFIDENT_VOICING)
    sung = _faded(sure, pitch.hop_s)
    hz = bins_hz(mono.sample_rate)
    width_hz = np.maximum(np.float32(HARMONIC_HZ), np.float32(HARMONIC_SHARE) * hz)
    low = hz < HARMONICS_UP_TO_HZ

    def keep_voice(spectra: Sequence[Spectra], frames: slice) -> Spectra:
        off = off_harmonic_hz(pitch, frames, mono.sample_rate)
        near = np.clip(1.5 - 0.75 * off / width_hz, LEAST_SHARE, 1.0)
        # Below its fundamental a voice has nothing, and a bass has all: trackers of pitch would follow the bass.
        near[below_fundamental(pitch, frames, mono.sample_rate, HARMONIC_HZ)] = 0.0
        voiced = at_frames(sure, pitch.hop_s, frames, mono.sample_rate)
        mask = np.where(voiced[:, None] & low[None], near, 1.0)
        mask *= at_frames(sung, pitch.hop_s, frames, mono.sample_rate)[:, None]
        return np.asarray(spectra[0] * mask, dtype=np.complex64)

    voice = changed_in_blocks(mono.waveform, mono.sample_rate, keep_voice, watch)
    return Sound(voice[None], mono.sample_rate)


def _faded(sure: NDArray[np.bool_], hop_s: float) -> Floats:
    """Widen sung moments and fade them in and out, float32 (frames,) in [0, 1]."""
    reach, fade = round(REACH_S / hop_s), round(FADE_S / hop_s)
    wide = scipy.ndimage.maximum_filter1d(sure.astype(np.float32), 2 * reach + 1, mode="constant")
    return np.asarray(scipy.ndimage.uniform_filter1d(wide, 2 * (fade // 2) + 1, mode="nearest"), dtype=np.float32)
