"""Songs: one slot a title, best first."""

import numpy as np
import pytest

from singalike.recsys.blend import VOICE_SONGS
from singalike.recsys.catalogue_view import build_view
from singalike.recsys.songs import rank_songs, score_songs, song_key
from tests.support.voices import small_view, track_of, voice


@pytest.mark.parametrize(
    "other",
    [
        "Yesterday (Live)",
        "yesterday - Remastered 2009",
        "YESTERDAY!",
        "Yesterday [Acoustic]",
        "Yésterday – live in Rome",
    ],
)
def test_copies_of_a_song_share_a_key(other: str) -> None:
    assert song_key(other) == song_key("Yesterday")


@pytest.mark.parametrize("other", ["Yesterday Once More", "Yesterday 2", "(Yesterday)", "그대에게"])
def test_other_songs_have_other_keys(other: str) -> None:
    keys = {song_key(other), song_key("Tomorrow")}

    assert len(keys) == 2
    assert all(keys)


def test_a_title_takes_one_slot() -> None:
    titles = ["Moon", "Moon (Live)", "Sun", "moon"]
    view = build_view(track_of(f"s{row}", title, voice(row)) for row, title in enumerate(titles))

    rows = rank_songs(np.array([0.5, 0.9, 0.1, 0.7]), view, np.ones(4, dtype=bool), 10)

    assert [view.tracks[row].title for row in rows] == ["Moon (Live)", "Sun"]


def test_only_allowed_tracks_are_ranked() -> None:
    view = small_view(3, 1)

    rows = rank_songs(np.array([0.9, 0.5, 0.7]), view, np.array([False, True, True]), 1)

    assert rows == [2]


def test_the_nearest_singer_leads_when_all_else_is_equal() -> None:
    view = small_view(3, 1)

    mixed, keys = score_songs(voice(1, 9), view, np.array([0.2, 0.9, 0.1]), VOICE_SONGS)

    assert mixed.score.argmax() == 1
    assert keys.shift.tolist() == [0, 0, 0]
