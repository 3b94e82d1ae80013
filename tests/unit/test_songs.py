"""Songs: one slot a title, best first."""

import numpy as np
import pytest

from singalike.recsys.blend import VOICE_SONGS, Blend
from singalike.recsys.catalogue_view import build_view
from singalike.recsys.key_fit import KeyFit
from singalike.recsys.songs import ScoredSongs, rank_songs, score_songs, song_key
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


def scored(rows: list[int], scores: list[float]) -> ScoredSongs:
    count = len(rows)
    keys = KeyFit(np.zeros(count, dtype=np.int64), np.ones(count), np.ones(count), np.ones(count))
    return ScoredSongs(np.array(rows), Blend(np.array(scores), {}, ()), keys)


def test_a_title_takes_one_slot() -> None:
    titles = ["Moon", "Moon (Live)", "Sun", "moon"]
    view = build_view(track_of(f"s{row}", title, voice(row)) for row, title in enumerate(titles))

    places = rank_songs(scored([0, 1, 2, 3], [0.5, 0.9, 0.1, 0.7]), view, 10)

    assert [view.tracks[place].title for place in places] == ["Moon (Live)", "Sun"]


def test_only_so_many_songs_as_were_asked_for() -> None:
    places = rank_songs(scored([2, 1], [0.5, 0.7]), small_view(3, 1), 1)

    assert places == [1]


def test_the_nearest_singer_leads_when_all_else_is_equal() -> None:
    view = small_view(3, 1)

    songs = score_songs(voice(1, 9), view, np.arange(3), np.array([0.2, 0.9, 0.1]), VOICE_SONGS)

    assert songs.blend.score.argmax() == 1
    assert songs.keys.shift.tolist() == [0, 0, 0]
