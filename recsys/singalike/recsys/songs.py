"""Songs for a voice: by the singers it is near to, in a key that fits."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.blend import Blend, BlendPreset, blend
from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.key_fit import KeyFit, fit_keys
from singalike.recsys.signals import person_tessitura, track_melody

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


def score_songs(
    profile: VoiceProfile, view: CatalogueView, singer_score: Similarities, preset: BlendPreset
) -> tuple[Blend, KeyFit]:
    """Score every track of the view.

    Args:
        profile: The person's voice.
        view: The catalogue.
        singer_score: float64 (singers,), in [0, 1].
        preset: Weights of singer, key_fit and melody.

    Returns:
        Blend and key fit over the rows of the tracks.
    """
    keys = fit_keys(view.seconds_per_semitone, view.range_known, person_tessitura(profile))
    signals = {
        "singer": singer_score[view.track_singer],
        "key_fit": keys.signal,
        "melody": track_melody(profile, view),
    }
    return blend(signals, preset), keys


def rank_songs(score: Similarities, view: CatalogueView, allowed: NDArray[np.bool_], k: int) -> list[int]:
    """Choose the best tracks, one for each song title.

    Args:
        score: float64 (tracks,).
        view: Names the titles.
        allowed: bool (tracks,), which may be returned.
        k: How many at most.

    Returns:
        Rows of tracks, best first; equal scores go by track id.
    """
    rows = np.flatnonzero(allowed)
    ordered = rows[np.argsort(-score[rows], kind="stable")]
    return list(_one_each(ordered, view, k))


def _one_each(ordered: Iterable[int], view: CatalogueView, k: int) -> Iterable[int]:
    seen: set[str] = set()
    for row in ordered:
        if len(seen) == k:
            return
        key = song_key(view.tracks[row].title)
        if key not in seen:
            seen.add(key)
            yield int(row)
