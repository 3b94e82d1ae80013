"""Songs: which titles are of one song, and what a song has of its own."""

import numpy as np
import pytest

from singalike.recsys.key_fit import choose_keys
from singalike.recsys.neighbours import NO_HITS
from singalike.recsys.query import voice_query
from singalike.recsys.signals import singer_signals
from singalike.recsys.song_demands import SingingVoice, song_demands
from singalike.recsys.song_titles import song_key
from singalike.recsys.songs import song_signals
from tests.support.voices import small_view, voice

EXACT = 1e-9


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


def test_a_song_has_its_singers_timbre_and_its_own_melody_and_range() -> None:
    view = small_view(3, 2)
    query = voice_query(voice(1, 9), view)
    singers = singer_signals(query, view, NO_HITS)
    keys = choose_keys(view.demands, SingingVoice(query.tessitura_midi))

    songs = song_signals(query, view, singers, keys)

    assert songs["timbre"].tolist() == np.repeat(singers["timbre"], 2).tolist()
    assert len(set(songs["melody"].tolist())) == 6
    assert songs["tessitura"].tolist() == keys.before.tolist()


def test_a_key_that_adds_nothing_gains_nothing_and_a_far_one_gains_less() -> None:
    histogram = np.zeros((3, 128))
    histogram[0, 60], histogram[1, 64], histogram[2, 72] = 9.0, 9.0, 9.0

    gain = choose_keys(song_demands(histogram, [None] * 3), SingingVoice((59.0, 61.0))).gain

    assert gain == pytest.approx([0.0, 1 - 0.25 * 3 / 12, 1 - 0.25 * 11 / 12], abs=EXACT)


def test_where_ease_counts_a_hard_song_fits_less_well() -> None:
    view = small_view(3, 2)
    query = voice_query(voice(1, 9), view)
    singers = singer_signals(query, view, NO_HITS)
    keys = choose_keys(view.demands, SingingVoice(query.tessitura_midi))
    ease = np.linspace(0.0, 1.0, 6)

    songs, easy = song_signals(query, view, singers, keys), song_signals(query, view, singers, keys, ease)

    for name in ("tessitura", "key_fit_gain"):
        assert easy[name] == pytest.approx(songs[name] * ease)
    assert easy["timbre"].tolist() == songs["timbre"].tolist()
