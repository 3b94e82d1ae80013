"""The named signals of songs for a voice: of the recording where it has its own, else of its singer."""

import numpy as np

from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.key_fit import FULL_SHIFT_COST, MAX_SHIFT, KeyFit
from singalike.recsys.listener_taste import ListenerTaste, Popularity
from singalike.recsys.query import VoiceQuery
from singalike.recsys.signals import KEY_FIT_GAIN, MELODY, TESSITURA, SignalTable, listener_signals, melody_taste


def song_signals(query: VoiceQuery, view: CatalogueView, singers: SignalTable, keys: KeyFit) -> dict[str, Similarities]:
    """Compute what a voice alone says of all tracks of a view that is not empty.

    Args:
        query: The voice, seeds, or both.
        view: The catalogue.
        singers: `singer_signals` of the same query.
        keys: Key fit of all tracks.

    Returns:
        float64 (tracks,) each: melody of the recording; tessitura, the share of its sung time inside the person's
        tessitura as recorded; key_fit_gain, what the proposed key adds; everything else is its singer's.
    """
    of_singer = {name: values[view.track_singer] for name, values in singers.items()}
    return {
        **of_singer,
        MELODY: melody_taste(query.melody, view.melody, view.track_melody_calibration),
        TESSITURA: keys.before,
        KEY_FIT_GAIN: key_fit_gain(keys),
    }


def key_fit_gain(keys: KeyFit) -> Similarities:
    """Say what the proposed key adds: (share inside after - before) x (1 - .25 |shift| / 12), NaN where unknown."""
    kept = 1.0 - FULL_SHIFT_COST * np.abs(keys.shift) / MAX_SHIFT
    return np.asarray(np.maximum(keys.after - keys.before, 0.0) * kept)


def song_listener_signals(
    view: CatalogueView, taste: ListenerTaste, popularity: Popularity, today: int
) -> dict[str, Similarities]:
    """Compute what listeners and the calendar say of all tracks."""
    return listener_signals(taste.tracks, popularity.tracks, view.create_day, today)
