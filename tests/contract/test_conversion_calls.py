"""The conversion service over gRPC, as a client meets it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from singalike.client import AsyncClient, Client, ConversionChoices, ConversionNews, VoiceId
from singalike.errors import NotFoundError, WrongStateError
from singalike.recsys.suggestions import Conversion
from singalike.services.conversion.download import CHUNK_BYTES
from singalike.v1 import conversion_service_pb2 as pb
from tests.support.conversion_servers import STATEMENT, TAKE, WORKER, Bench, bench, enrol
from tests.support.conversion_stores import ENGINE
from tests.support.servers import small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SONG = bytes(range(256)) * 2500
"""Three chunks, the last of them not full."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(small_settings(tmp_path_factory.mktemp("data"))) as served:
        yield served


async def watch(client: AsyncClient, conversion_id: str, after_sequence: int = 0) -> list[ConversionNews]:
    return [news async for news in client.watch_conversion(conversion_id, after_sequence)]


async def test_the_engines_are_listed_the_servers_choice_first(served: Bench) -> None:
    engines = await served.client.list_engines()

    assert [engine.name for engine in engines] == [ENGINE, "other"]
    assert (engines[0].version, engines[0].min_voice_s, engines[0].sample_rate) == ("1", 1.0, 8_000)


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_a_phrase_is_drawn_afresh_and_runs_out(served: Bench, language: str) -> None:
    first, second = [await served.client.create_consent_phrase(language) for _ in range(2)]

    assert first.phrase_id != second.phrase_id
    assert first.text != second.text
    assert abs(first.expire_time - datetime.now(UTC) - timedelta(seconds=600)) < timedelta(minutes=1)


async def test_an_enrolled_voice_is_kept_with_the_record_of_its_consent(served: Bench) -> None:
    until = datetime(2190, 1, 2, tzinfo=UTC)

    voice = await enrol(served.client, [TAKE, TAKE], engines=("other", ENGINE), expire_time=until)

    assert voice.engines == ("other 1", f"{ENGINE} 1")
    assert voice.voice_s == pytest.approx(24.0, abs=0.3)
    consent = voice.consent
    assert (consent.subject, consent.statement, consent.method, consent.scope) == (
        "mia",
        STATEMENT,
        "read_back",
        "conversion",
    )
    assert consent.statement_sha256 == hashlib.sha256(STATEMENT.encode()).hexdigest()
    assert consent.phrase
    assert consent.read_back_likeness is not None
    assert (consent.expire_time, consent.revoke_time, consent.word_error_rate) == (until, None, None)
    assert await served.client.get_voice_profile(voice.voice_id) == voice
    assert (await served.client.get_voice(voice.voice_id)).voice_id == voice.voice_id


async def test_an_enrolment_that_is_repeated_answers_with_the_first_voice(served: Bench) -> None:
    phrase = await served.client.create_consent_phrase()
    asked = {"phrase_id": phrase.phrase_id, "consent_time": datetime.now(UTC), "request_id": "enrol-1"}

    first = await enrol(served.client, **asked)
    again = await enrol(served.client, **asked)

    assert again == first


async def test_what_recommend_songs_proposes_is_sung_watched_and_downloaded(served: Bench, tmp_path: Path) -> None:
    served.add_song("Proposed")
    voice = await enrol(served.client)
    suggested = await served.client.recommend_songs(VoiceId(voice.voice_id), k=1)
    proposed = suggested.songs[0].conversion
    assert proposed is not None

    conversion = await served.client.create_conversion(proposed)
    sung = served.sing(conversion.conversion_id, SONG)
    heard = await watch(served.client, conversion.conversion_id)
    song = await served.client.download_conversion(conversion.conversion_id, tmp_path / "song.ogg")

    assert (conversion.voice_id, conversion.state) == (voice.voice_id, "queued")
    assert conversion.key_shift_semitones == proposed.key_shift_semitones
    assert conversion.choices == ConversionChoices(engine=ENGINE, keep_s=7 * 86_400)
    assert [news.state for news in heard] == ["queued", "running", "running", "succeeded"]
    assert [news.sequence for news in heard] == [1, 2, 3, 4]
    assert (heard[2].progress.stage, heard[2].progress.share, heard[2].progress.time_left_s) == ("converting", 0.5, 1.0)
    assert (tmp_path / "song.ogg").read_bytes() == SONG
    assert (song.sha256, song.size_bytes) == (sung.sha256, len(SONG))
    done = await served.client.get_conversion(conversion.conversion_id)
    assert done.is_final
    assert done.song == song
    assert done.expire_time is not None
    assert done.end_time is not None
    assert done.expire_time - done.end_time == timedelta(days=7)


async def test_the_blocking_client_does_the_same(served: Bench, tmp_path: Path) -> None:
    track_id, _ = served.add_song("Blocking")
    voice = await enrol(served.client)
    addresses = (served.servers.embedding, served.servers.recommender, served.servers.conversion)

    def call() -> list[str]:
        with Client(*addresses) as client:
            phrase = client.create_consent_phrase("ko")
            choices = ConversionChoices(sound_format="flac", priority="high", seed=7, keep_s=3600, protect=0.5)
            conversion = client.create_conversion(track_id, voice.voice_id, key_shift_semitones=-3, choices=choices)
            served.sing(conversion.conversion_id, SONG)
            heard = [news.state for news in client.watch_conversion(conversion.conversion_id, 1)]
            client.download_conversion(conversion.conversion_id, tmp_path / "song.flac")
            listed = list(client.list_conversions(voice_id=voice.voice_id, state="succeeded", page_size=1))
            assert [one.choices for one in listed] == [replace(choices, engine=ENGINE)]
            assert client.get_conversion(conversion.conversion_id) == listed[0]
            client.delete_conversion(conversion.conversion_id)
            client.delete_voice_profile(voice.voice_id)
            return [phrase.phrase_id[:2], *heard]

    assert await asyncio.to_thread(call) == ["p-", "running", "running", "succeeded"]
    assert (tmp_path / "song.flac").read_bytes() == SONG


async def test_a_request_that_is_repeated_answers_with_the_first_conversion(served: Bench) -> None:
    track_id, _ = served.add_song("Repeated")
    voice = await enrol(served.client)

    first = await served.client.create_conversion(track_id, voice.voice_id, request_id="order-1")
    again = await served.client.create_conversion(track_id, voice.voice_id, request_id="order-1")

    assert again == first
    assert len([job for job in served.parts.jobs.jobs() if job.conversion_id == first.conversion_id]) == 1


async def test_a_repeated_request_is_answered_whatever_became_of_the_song(served: Bench) -> None:
    track_id, path = served.add_song("Gone since")
    voice = await enrol(served.client)
    first = await served.client.create_conversion(track_id, voice.voice_id, request_id="order-2")
    path.unlink()

    again = await served.client.create_conversion(track_id, voice.voice_id, request_id="order-2")

    assert again == first


async def test_octaves_only_leaves_the_proposed_key_aside(served: Bench) -> None:
    track_id, _ = served.add_song("Octaves")
    voice = await enrol(served.client)

    conversion = await served.client.create_conversion(
        Conversion(voice.voice_id, track_id, -3), choices=ConversionChoices(octaves_only=True)
    )

    assert conversion.choices.octaves_only
    assert conversion.key_shift_semitones is None


@pytest.mark.parametrize("octaves_only", [True, False])
async def test_what_a_conversion_says_was_asked_for_is_accepted_as_it_is(served: Bench, octaves_only: bool) -> None:
    track_id, _ = served.add_song("Sung again")
    voice = await enrol(served.client)
    choices = ConversionChoices(octaves_only=octaves_only)
    first = await served.client.create_conversion(track_id, voice.voice_id, choices=choices)
    served.parts.conversions.start(first.conversion_id, WORKER)
    served.parts.conversions.note_key_shift(first.conversion_id, WORKER, -12)
    calls, raw = served.client._call, served.client._conversion

    told = (await calls(raw.GetConversion, pb.GetConversionRequest(conversion_id=first.conversion_id))).conversion
    again = (await calls(raw.CreateConversion, told.request)).conversion

    assert again.conversion_id != first.conversion_id
    assert again.request == told.request
    assert told.request.HasField("key_shift_semitones") is not octaves_only


async def test_conversions_are_listed_page_by_page_newest_first(served: Bench) -> None:
    track_id, _ = served.add_song("Listed")
    voice = await enrol(served.client)
    ids = [(await served.client.create_conversion(track_id, voice.voice_id)).conversion_id for _ in range(5)]
    await served.client.cancel_conversion(ids[1])

    listed = [one.conversion_id async for one in served.client.list_conversions(voice_id=voice.voice_id, page_size=2)]
    cancelled = [one async for one in served.client.list_conversions(voice_id=voice.voice_id, state="cancelled")]

    assert listed == ids[::-1]
    assert [one.conversion_id for one in cancelled] == [ids[1]]


async def test_cancelling_again_changes_nothing(served: Bench) -> None:
    track_id, _ = served.add_song("Cancelled")
    voice = await enrol(served.client)
    conversion = await served.client.create_conversion(track_id, voice.voice_id)

    first = await served.client.cancel_conversion(conversion.conversion_id)
    again = await served.client.cancel_conversion(conversion.conversion_id)

    assert first == again
    assert first.state == "cancelled"
    assert first.fault is not None
    assert first.fault.reason == "CONVERSION_CANCELLED"
    assert [news.state for news in await watch(served.client, conversion.conversion_id)] == ["queued", "cancelled"]


async def test_revoking_erases_what_was_learnt_and_sung_but_the_record(served: Bench) -> None:
    track_id, _ = served.add_song("Revoked")
    voice = await enrol(served.client)
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    served.sing(conversion.conversion_id, SONG)
    await served.client.recommend_songs(VoiceId(voice.voice_id))

    left = await served.client.revoke_consent(voice.voice_id)

    assert left.engines == ()
    assert left.consent.revoke_time is not None
    assert await served.client.get_voice_profile(voice.voice_id) == left
    assert conversion.conversion_id not in served.parts.folder.conversion_ids()
    assert conversion.conversion_id not in {job.conversion_id for job in served.parts.jobs.jobs()}
    with pytest.raises(NotFoundError):
        await served.client.get_conversion(conversion.conversion_id)
    with pytest.raises(NotFoundError):
        await served.client.recommend_songs(VoiceId(voice.voice_id))
    with pytest.raises(WrongStateError) as refused:
        await served.client.create_conversion(track_id, voice.voice_id)
    assert refused.value.reason == "CONSENT_REVOKED"


async def test_deleting_a_voice_leaves_nothing_of_it(served: Bench) -> None:
    track_id, _ = served.add_song("Deleted")
    voice = await enrol(served.client)
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    served.sing(conversion.conversion_id, SONG)

    await served.client.delete_voice_profile(voice.voice_id)

    for gone in (
        served.client.get_voice_profile(voice.voice_id),
        served.client.get_voice(voice.voice_id),
        served.client.get_conversion(conversion.conversion_id),
    ):
        with pytest.raises(NotFoundError):
            await gone
    assert conversion.conversion_id not in served.parts.folder.conversion_ids()


async def test_a_song_goes_out_in_chunks_from_any_byte_on(served: Bench) -> None:
    track_id, _ = served.add_song("Chunks")
    voice = await enrol(served.client)
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    sung = served.sing(conversion.conversion_id, SONG)

    for offset in (0, 1, CHUNK_BYTES, len(SONG) - 1, len(SONG)):
        parts = [part async for part in served.download_stream(conversion.conversion_id, offset)]

        chunks = [part.chunk for part in parts[1:-1]]
        assert b"".join(chunks) == SONG[offset:]
        assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks)
        assert parts[0].song.size_bytes == len(SONG)
        assert parts[-1].sha256 == sung.sha256


async def test_a_song_that_is_erased_while_it_goes_out_stops_going_out(served: Bench) -> None:
    track_id, _ = served.add_song("Erased")
    voice = await enrol(served.client)
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    # More than any flow control lets run ahead.
    served.sing(conversion.conversion_id, SONG * 64)
    stream = served.download_stream(conversion.conversion_id)
    await anext(stream)
    await anext(stream)

    await served.client.delete_conversion(conversion.conversion_id)

    with pytest.raises(NotFoundError) as refused:
        async for _ in stream:
            pass
    assert refused.value.reason == "CONVERSION_NOT_FOUND"
