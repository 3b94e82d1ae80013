"""Songs for a voice: by the singers it is near to, in a key that fits."""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.blend import Blend, BlendPreset, blend
from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.key_fit import KeyFit, fit_keys
from singalike.recsys.signals import melody_taste, person_tessitura

VERSION_NOTES = re.compile(r"[(\[{].*?[)\]}]|\s[-–]\s.*\b(live|remaster\w*|version|acoustic|demo|remix|edit)\b.*$")
"""What titles say about the recording rather than the song, in lower case."""


def song_key(title: str) -> str:
    """Reduce a title to the song, so that a live copy is the same song.

    Args:
        title: As the catalogue's owner writes it.

    Returns:
        Letters and digits in one case without accents; the whole title where nothing else is left.
    """
    plain = unicodedata.normalize("NFKD", title).casefold()
    song = re.sub(r"[\W_]+", "", VERSION_NOTES.sub("", plain))
    return song or plain


@dataclass(frozen=True, eq=False)
class ScoredSongs:
    """Some tracks of a view with their scores.

    Attributes:
        rows: intp (tracks,), which rows of the view.
        blend, keys: In the order of `rows`.
    """

    rows: NDArray[np.intp]
    blend: Blend
    keys: KeyFit


def score_songs(
    profile: VoiceProfile,
    view: CatalogueView,
    rows: NDArray[np.intp],
    singer_score: Similarities,
    preset: BlendPreset,
) -> ScoredSongs:
    """Score tracks of a view.

    Args:
        profile: The person's voice.
        view: The catalogue.
        rows: intp (tracks,), which tracks.
        singer_score: float64 (singers,), in [0, 1].
        preset: Weights of singer, key_fit and melody.

    Returns:
        Blend and key fit of the tracks.
    """
    keys = fit_keys(view.seconds_per_semitone[rows], view.range_known[rows], person_tessitura(profile))
    signals = {
        "singer": singer_score[view.track_singer[rows]],
        "key_fit": keys.signal,
        "melody": melody_taste(profile.melody, view.melody[rows], view.track_melody_calibration),
    }
    return ScoredSongs(rows, blend(signals, preset), keys)


def rank_songs(songs: ScoredSongs, view: CatalogueView, k: int) -> list[int]:
    """Choose the best tracks, one for each song title.

    Args:
        songs: Scored tracks.
        view: Names the titles.
        k: How many at most.

    Returns:
        Places in `songs`, best first; equal scores go by the order of the rows.
    """
    chosen: dict[str, int] = {}
    for place in np.argsort(-songs.blend.score, kind="stable"):
        if len(chosen) == k:
            break
        chosen.setdefault(song_key(view.tracks[songs.rows[place]].title), int(place))
    return list(chosen.values())
