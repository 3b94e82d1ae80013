"""What listeners do and what they are suggested, in servers and in commands on one data folder."""

from datetime import UTC, datetime

import pytest

from singalike.client import Exclusion, Feedback, SongSuggestions, SuggestionChoices
from singalike.services import bootstrap
from singalike.services.listeners.listener_records import LIKE
from singalike.services.listeners.listener_records import Feedback as StoredFeedback
from singalike.services.recommender.local_recommender import local_recommender
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.settings import Settings
from tests.support.catalogue_entries import add_track, sha
from tests.support.fake_ear import FakeEar, make_profile
from tests.support.servers import Running, small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTENERS, SINGERS = 6, 6
PATIENCE = 2000
"""Requests that may be answered before a refit of a few events is done."""


def track_id(number: int) -> str:
    return sha(number)[:20]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Six singers of two tracks; six listeners like those of singers 0 to 2."""
    settings = small_settings(tmp_path_factory.mktemp("data"))
    catalogue, feedback = bootstrap.open_catalogue(settings), bootstrap.open_feedback(settings)
    for number in range(2 * SINGERS):
        add_track(catalogue, number, singer=f"Singer {number // 2}")
    now = datetime.now(UTC)
    for listener in range(LISTENERS):
        feedback.record(f"of-{listener}", [StoredFeedback("", LIKE, track_id(number), "", now) for number in range(6)])
    catalogue.close()
    feedback.close()
    return settings


async def songs_for(servers: Running, listener_id: str) -> SongSuggestions:
    choices = SuggestionChoices(listener_id=listener_id, songs_per_singer=2, even_if_unsure=True)
    return await servers.client.recommend_songs(make_profile(3), k=50, choices=choices)


async def test_a_server_learns_beside_the_requests_from_what_was_there_before(servers: Running) -> None:
    for _ in range(PATIENCE):
        found = await songs_for(servers, "of-1")
        if found.summary.learnt_from_events:
            break

    assert found.summary.learnt_from_events == 6
    signals = {song.track_id: song.signals for song in found.songs}
    assert signals[track_id(0)]["collaborative"] > 0.0
    assert "collaborative" not in signals[track_id(10)]


async def test_what_is_hidden_over_the_wire_is_gone_from_the_next_reply(servers: Running) -> None:
    before = {song.track_id for song in (await songs_for(servers, "ann")).songs}

    await servers.client.record_feedback("ann", [Feedback("hide", track_id=track_id(7))])
    await servers.client.create_exclusion("ann", Exclusion("singer", "singer-5"))
    after = {song.track_id for song in (await songs_for(servers, "ann")).songs}

    assert before - after == {track_id(7), track_id(10), track_id(11)}
    assert {song.track_id for song in (await songs_for(servers, "ben")).songs} == before


async def test_a_dislike_over_the_wire_lowers_the_next_reply_and_nothing_rises(servers: Running) -> None:
    before = {song.track_id: song.score for song in (await songs_for(servers, "cleo")).songs}

    await servers.client.record_feedback("cleo", [Feedback("dislike", track_id=track_id(6))])
    after = {song.track_id: song.score for song in (await songs_for(servers, "cleo")).songs}

    assert after[track_id(6)] < 0.5 * before[track_id(6)]
    assert all(after[track] <= before[track] for track in before)


async def test_an_erased_listener_gets_what_a_stranger_gets(servers: Running) -> None:
    stranger = (await songs_for(servers, "nobody-yet")).songs
    await servers.client.record_feedback("dan", [Feedback("hide", track_id=track_id(0))])

    await servers.client.delete_listener("dan")

    assert (await songs_for(servers, "dan")).songs == stranger


async def test_a_command_learns_from_the_same_events_before_it_answers(servers: Running, settings: Settings) -> None:
    with local_recommender(settings, FakeEar(), lambda note: None) as recommender:
        found = recommender.recommend_songs(make_profile(3), RecommendOptions(listener_id="of-2"))

    assert found.summary.learnt_from_events == 6
