"""What listeners do counts from their next request on, over gRPC, whichever process it was told to."""

import asyncio

import pytest

from singalike.client import Exclusion, Feedback, SuggestionChoices
from singalike.services import bootstrap
from singalike.services.cli import main
from singalike.services.settings import Settings
from tests.support.catalogue_entries import add_track
from tests.support.fake_ear import make_profile
from tests.support.servers import Running, small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

VOICE = make_profile(100)
TOLERANCE = 1e-9
SINGERS = 8


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = small_settings(tmp_path_factory.mktemp("data"))
    catalogue = bootstrap.open_catalogue(settings)
    for number in range(2 * SINGERS):
        genre, language = ("folk", "pop")[number % 2], ("en", "ko", "de")[number % 3]
        add_track(catalogue, number, singer=f"Singer {number % SINGERS}", genre=genre, language=language)
    catalogue.close()
    return settings


async def songs(servers: Running, listener: str) -> dict[str, float]:
    """Scores of all songs for a listener, by track."""
    choices = SuggestionChoices(listener_id=listener, even_if_unsure=True, songs_per_singer=5)
    found = await servers.client.recommend_songs(VOICE, k=100, choices=choices)
    return {song.track_id: song.score for song in found.songs}


async def singers(servers: Running, listener: str) -> list[str]:
    """All singers for a listener, best first."""
    choices = SuggestionChoices(listener_id=listener, even_if_unsure=True)
    return [one.singer_id for one in (await servers.client.recommend_singers(VOICE, k=100, choices=choices)).singers]


async def test_a_hidden_track_is_gone_until_the_hide_is_taken_back(servers: Running) -> None:
    before = await songs(servers, "mia")
    track_id = next(iter(before))

    (hidden,) = await servers.client.record_feedback("mia", [Feedback("hide", track_id=track_id)])
    after, others = await songs(servers, "mia"), await songs(servers, "ben")
    await servers.client.delete_feedback("mia", hidden.feedback_id)

    assert len(before) == 2 * SINGERS
    assert after.keys() == before.keys() - {track_id}
    assert others.keys() == before.keys()
    assert await songs(servers, "mia") == before


async def test_a_hidden_singer_is_gone_with_all_songs(servers: Running) -> None:
    singer_id = (await singers(servers, "zoe"))[0]

    await servers.client.record_feedback("zoe", [Feedback("hide", singer_id=singer_id)])

    theirs = {track.track_id async for track in servers.client.list_tracks(singer_id=singer_id)}
    assert singer_id not in await singers(servers, "zoe")
    assert not theirs & (await songs(servers, "zoe")).keys()


@pytest.mark.parametrize("kind", ["genre", "language", "singer", "track", "unlike_singer"])
async def test_what_a_listener_excluded_never_comes_back(servers: Running, kind: str) -> None:
    listener = f"excluder of {kind}"
    first = await anext(servers.client.list_tracks())
    value = {
        "genre": "folk",
        "language": "ko",
        "singer": first.singer_id,
        "track": first.track_id,
        "unlike_singer": first.singer_id,
    }[kind]
    excluded = {
        track.track_id
        async for track in servers.client.list_tracks()
        if value in (track.info.genre, track.info.language, track.singer_id, track.track_id)
    }
    before = await songs(servers, listener)

    kept = await servers.client.create_exclusion(listener, Exclusion(kind, value))
    after = await songs(servers, listener)
    await servers.client.delete_exclusion(listener, kept.exclusion_id)

    assert excluded
    assert not excluded & after.keys()
    assert after.keys() <= before.keys() - excluded
    assert await songs(servers, listener) == before


async def test_a_dislike_lowers_its_song_and_raises_none(servers: Running) -> None:
    before = await songs(servers, "ana")
    track_id = next(iter(before))

    await servers.client.record_feedback("ana", [Feedback("dislike", track_id=track_id)])
    after = await songs(servers, "ana")

    assert after[track_id] < before[track_id]
    assert all(after[key] <= before[key] + TOLERANCE for key in after)


async def test_a_hide_that_another_process_took_is_heeded_by_the_next_request(
    servers: Running, settings: Settings
) -> None:
    track_id = next(iter(await songs(servers, "eve")))
    words = ["feedback", "record", "eve", "hide", "--track", track_id, "--data-dir", str(settings.data_dir)]

    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, words)

    assert ended.value.code == 0
    assert track_id not in await songs(servers, "eve")


async def test_an_erased_listener_is_a_stranger_again(servers: Running) -> None:
    stranger = await songs(servers, "nobody yet")
    some = list(stranger)[:4]
    await servers.client.record_feedback("fay", [Feedback("hide", track_id=some[0]), Feedback("dislike", some[1])])
    await servers.client.create_exclusion("fay", Exclusion("genre", "pop"))
    changed = await songs(servers, "fay")

    await servers.client.delete_listener("fay")

    assert changed != stranger
    assert await songs(servers, "fay") == stranger
