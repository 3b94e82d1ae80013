"""The named signals of songs for a voice: of the recording where it has its own, else of its singer."""

from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.key_fit import KeyFit
from singalike.recsys.listener_taste import ListenerTaste, Popularity
from singalike.recsys.query import VoiceQuery
from singalike.recsys.signals import KEY_FIT_GAIN, MELODY, TESSITURA, SignalTable, listener_signals, melody_taste


def song_signals(
    query: VoiceQuery, view: CatalogueView, singers: SignalTable, keys: KeyFit, ease: Similarities | float = 1.0
) -> dict[str, Similarities]:
    """Compute what a voice alone says of all tracks of a view that is not empty.

    Args:
        query: The voice, seeds, or both.
        view: The catalogue.
        singers: `singer_signals` of the same query.
        keys: Key fit of all tracks.
        ease: How little each asks of the voice besides its pitches, in [0, 1], where that counts: in easy mode.

    Returns:
        float64 (tracks,) each: melody of the recording; tessitura, the share of its sung time inside the zones
        that the mode puts songs into, as recorded, x ease; key_fit_gain, what the proposed key adds to it, x
        ease; everything else is its singer's.
    """
    of_singer = {name: values[view.track_singer] for name, values in singers.items()}
    return {
        **of_singer,
        MELODY: melody_taste(query.melody, view.melody, view.melody_known, view.track_melody_calibration),
        TESSITURA: keys.placed_before * ease,
        KEY_FIT_GAIN: keys.gain * ease,
    }


def song_listener_signals(
    view: CatalogueView, taste: ListenerTaste, popularity: Popularity, today: int
) -> dict[str, Similarities]:
    """Compute what listeners and the calendar say of all tracks."""
    return listener_signals(taste.tracks, popularity.tracks, view.create_day, today)
