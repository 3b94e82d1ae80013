"""What holds of suggestions whatever listeners did."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from singalike.services.listeners.listener_records import FEEDBACK_KINDS
from tests.support.listening import SINGERS, TAKES, Listening, track_id, two_camps

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
ROUNDING = 1e-12

tracks = st.builds(track_id, st.integers(0, SINGERS - 1), st.integers(0, TAKES - 1))
singers = st.builds("s{}".format, st.integers(0, SINGERS - 1))
events = st.tuples(st.sampled_from(FEEDBACK_KINDS), tracks, st.just("")) | st.tuples(
    st.sampled_from(["like", "dislike", "hide"]), st.just(""), singers
)
refusals = st.tuples(st.sampled_from(["skip", "dislike"]), tracks, st.just("")) | st.tuples(
    st.just("dislike"), st.just(""), singers
)


@pytest.fixture(scope="module")
def listening() -> Listening:
    return two_camps()


@FEW
@given(history=st.lists(events, max_size=8), refusal=refusals)
def test_one_more_refusal_raises_no_song_and_no_singer(
    listening: Listening, history: list[tuple[str, str, str]], refusal: tuple[str, str, str]
) -> None:
    listening.feedback.erase_listener("ann")
    for event in history:
        listening.add("ann", *event)
    songs, suggested = listening.songs_for("ann").songs, listening.singers_for("ann").singers

    listening.add("ann", *refusal)
    songs_after, suggested_after = listening.songs_for("ann").songs, listening.singers_for("ann").singers

    before = {song.track_id: song.score for song in songs}
    assert {song.track_id for song in songs_after} == before.keys()
    assert all(song.score <= before[song.track_id] + ROUNDING for song in songs_after)
    scores = {singer.singer_id: singer.score for singer in suggested}
    assert all(singer.score <= scores[singer.singer_id] + ROUNDING for singer in suggested_after)


@FEW
@given(history=st.lists(events, max_size=8))
def test_what_is_hidden_never_comes_back_and_contributions_sum_to_the_score(
    listening: Listening, history: list[tuple[str, str, str]]
) -> None:
    listening.feedback.erase_listener("ben")
    for event in history:
        listening.add("ben", *event)

    songs, suggested = listening.songs_for("ben").songs, listening.singers_for("ben").singers

    hidden = {track or singer for kind, track, singer in history if kind == "hide"}
    assert not hidden & {song.track_id for song in songs}
    assert not hidden & {song.singer_id for song in songs}
    assert not hidden & {singer.singer_id for singer in suggested}
    assert all(sum(song.signals.values()) == pytest.approx(song.score, abs=1e-9) for song in songs)
