"""Why and why not over gRPC: a real stub against a real servicer, from both clients."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from singalike.client import Client, Recording, Seed, SuggestionChoices, SuggestionFilters, TrackDescription, VoiceId
from singalike.errors import InvalidInputError, NotFoundError
from singalike.recsys.suggestions import SingerSuggestion
from tests.support.recordings import encode, tone
from tests.support.servers import Running, running, small_settings, use_fake_ear

pytestmark = pytest.mark.asyncio(loop_scope="module")

EQUAL = 1e-6
"""Floats cross the wire as they are; only sums differ."""

KOREAN = SuggestionChoices(language_code="ko")
PAGE = 2


def sung(f0_hz: float, seconds: float = 4.0) -> Recording:
    return Recording(encode(tone(seconds, f0_hz=f0_hz), 44_100, "mp3", "libmp3lame"), a_cappella=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    async with running(small_settings(tmp_path_factory.mktemp("data"))) as servers:
        for number in range(8):
            info = TrackDescription(f"Singer {number % 4}", f"Song {number}", ("folk", "pop")[number % 2])
            await servers.client.index_track(sung(140.0 + 30.0 * number), info)
        yield servers


async def everybody(servers: Running) -> tuple[SingerSuggestion, ...]:
    return (await servers.client.recommend_singers(sung(205.0), k=100)).singers


async def test_suggestions_cross_the_wire_with_all_that_they_are_told_by(servers: Running) -> None:
    singers, songs = await asyncio.gather(
        servers.client.recommend_singers(sung(205.0)), servers.client.recommend_songs(sung(205.0), choices=KOREAN)
    )

    for found in (*singers.singers, *songs.songs):
        assert found.reason.endswith(".")
        assert sum(part.contribution for part in found.evidence) == pytest.approx(found.score, abs=EQUAL)
        assert all(part.text for part in found.evidence)
    assert all(found.likeness and found.likeness.low <= found.likeness.high for found in singers.singers)
    assert "어요" in songs.songs[0].reason or "와요" in songs.songs[0].reason


async def test_both_clients_say_the_same_of_why(servers: Running) -> None:
    singer = (await everybody(servers))[0]

    def ask() -> object:
        with Client(servers.embedding, servers.recommender) as client:
            return client.explain_singer(sung(205.0), singer.singer_id, k=PAGE)

    told = await servers.client.explain_singer(sung(205.0), singer.singer_id, k=PAGE)

    assert told == await asyncio.to_thread(ask)
    assert (told.rank, told.ranked_count, told.suggested, told.barriers) == (1, 4, True, ())
    assert told.singer.name in told.explanation


async def test_why_not_names_gaps_and_the_last_one_suggested(servers: Running) -> None:
    ranked = await everybody(servers)
    page = (await servers.client.recommend_singers(sung(205.0), k=PAGE)).singers
    left_out = next(singer for singer in ranked[::-1] if singer.singer_id not in {each.singer_id for each in page})

    told = await servers.client.explain_singer(sung(205.0), left_out.singer_id, k=PAGE)

    assert not told.suggested
    assert sum(gap.difference for gap in told.gaps) == pytest.approx(left_out.score - page[-1].score, abs=EQUAL)
    assert told.rank > 1


async def test_what_bars_a_singer_is_named_in_the_language_asked_for(servers: Running) -> None:
    singer = (await everybody(servers))[0]
    filters = SuggestionFilters(excluded_singer_ids=(singer.singer_id,))

    told = await servers.client.explain_singer(sung(205.0), singer.singer_id, filters=filters, choices=KOREAN)

    assert (told.rank, told.barriers) == (0, ("excluded_singer",))
    assert "제외했기 때문에" in told.explanation


async def test_a_voice_that_is_too_short_is_answered_with_what_is_missing(servers: Running) -> None:
    short = sung(205.0, seconds=1.2)

    singers, songs = await asyncio.gather(
        servers.client.recommend_singers(short), servers.client.recommend_songs(short, choices=KOREAN)
    )
    all_the_same = await servers.client.recommend_singers(short, choices=SuggestionChoices(even_if_unsure=True))

    assert (singers.singers, songs.songs) == ((), ())
    assert singers.abstention is not None
    assert songs.abstention is not None
    assert singers.abstention.reason == songs.abstention.reason == "MORE_VOICE_NEEDED"
    assert 8.0 < singers.abstention.more_voice_s < 10.0
    assert "불러 주세요" in songs.abstention.message
    assert all_the_same.singers
    assert all_the_same.abstention is None


async def test_a_seed_alone_can_be_explained(servers: Running) -> None:
    first, second = (await everybody(servers))[:2]
    seeds = SuggestionChoices(seeds=(Seed("singer", first.singer_id),))

    told = await servers.client.explain_singer(None, second.singer_id, choices=seeds)

    assert told.singer.likeness is None
    assert told.rank >= 1


async def test_wrong_questions_are_refused(servers: Running) -> None:
    with pytest.raises(NotFoundError) as unknown:
        await servers.client.explain_singer(sung(205.0), "nobody")
    with pytest.raises(NotFoundError) as no_voice:
        await servers.client.explain_singer(VoiceId("v-none"), "nobody")
    with pytest.raises(InvalidInputError) as empty:
        await servers.client.explain_singer(None, "")

    assert (unknown.value.reason, no_voice.value.reason) == ("SINGER_NOT_FOUND", "VOICE_NOT_FOUND")
    assert {violation.field for violation in empty.value.violations} == {"voice", "singer_id"}
