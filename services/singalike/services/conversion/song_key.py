"""The key that a song is converted to."""

import math

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.engine import FARTHEST_SHIFT
from singalike.conversion.song import SongKey
from singalike.embeddings.profile import MIDI_PITCHES, VoiceProfile
from singalike.recsys.key_fit import choose_keys
from singalike.recsys.song_demands import singing_voice, song_demands
from singalike.services.conversion_records import ConversionOrder

OCTAVE = 12


def choose_song_key(
    order: ConversionOrder, seconds_per_semitone: NDArray[np.floating], target: VoiceProfile, median_midi: float
) -> SongKey:
    """Choose by how much voice and accompaniment move.

    Args:
        order: Asks for a shift, for whole octaves, or leaves it open.
        seconds_per_semitone: Shape (128,), where the song is sung.
        target: What the ear says of the target; where nothing is asked for, the song goes where `RecommendSongs` puts
            it for this voice.
        median_midi: Median of the target's pitch; whole octaves bring the song's median nearest to it.

    Returns:
        The shifts; with whole octaves the accompaniment stays.
    """
    if order.key_shift_semitones is not None:
        shift = float(order.key_shift_semitones)
        return SongKey(shift, 0.0 if order.octaves_only else shift)
    if order.octaves_only:
        return SongKey(nearest_octaves(seconds_per_semitone, median_midi), 0.0)
    demands = song_demands(seconds_per_semitone[None], [None])
    shift = float(choose_keys(demands, singing_voice(target)).shift[0])
    return SongKey(shift, shift)


def nearest_octaves(seconds_per_semitone: NDArray[np.floating], median_midi: float) -> float:
    """Return the whole octaves, in semitones, that bring what is sung nearest to a pitch; 0 where either is unknown."""
    total = float(seconds_per_semitone.sum())
    if total <= 0.0 or not math.isfinite(median_midi):
        return 0.0
    below = np.cumsum(seconds_per_semitone, dtype=np.float64)
    song_midi = int(np.clip(np.searchsorted(below, total / 2), 0, MIDI_PITCHES - 1))
    octaves = round((median_midi - song_midi) / OCTAVE)
    most = FARTHEST_SHIFT // OCTAVE
    return float(OCTAVE * max(-most, min(most, octaves)))
