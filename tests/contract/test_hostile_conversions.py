"""What the conversion service refuses ends in the documented reason, with details, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from grpc import aio
from grpc_status import rpc_status

from singalike.client import (
    AsyncClient,
    ConversionChoices,
    Seed,
    SuggestionChoices,
    TargetVoice,
    TrackDescription,
    VoiceId,
)
from singalike.client.rpc_errors import error_from_rpc
from singalike.errors import (
    AlreadyExistsError,
    CapacityError,
    InvalidInputError,
    NotFoundError,
    SingalikeError,
    WrongStateError,
)
from singalike.services.conversion_records import ConversionFault
from singalike.v1 import conversion_service_pb2 as pb
from tests.support.conversion_servers import TAKE, WORKER, Bench, enrol
from tests.support.conversion_stores import consent, target_voice
from tests.support.fake_ear import make_profile
from tests.support.recordings import encode, tone
from tests.support.servers import running
from tests.support.two_tenants import MINE, OTHERS, refusal, two_tenants

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG_AGO = datetime(2025, 1, 2, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with two_tenants(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice(served: Bench) -> TargetVoice:
    return await enrol(served.client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(served: Bench) -> AsyncIterator[AsyncClient]:
    servers = served.servers
    async with AsyncClient(servers.embedding, servers.recommender, servers.conversion, token=OTHERS) as client:
        yield client


def keep_voice(served: Bench, **said: object) -> str:
    """Keep a voice that was enrolled at another time or for another engine."""
    learnt = {"world-retrieval": target_voice()}
    engine = said.pop("engine", None)
    if engine:
        learnt = {str(engine): target_voice(engine=str(engine))}
    return served.parts.targets.add_target("mine", make_profile(11), consent(**said), learnt).voice_id


async def of_removed_song(served: Bench, voice_id: str) -> None:
    track_id, path = served.add_song("Removed")
    path.unlink()
    await served.client.create_conversion(track_id, voice_id)


async def of_changed_song(served: Bench, voice_id: str) -> None:
    track_id, path = served.add_song("Changed")
    path.write_bytes(b"another song")
    await served.client.create_conversion(track_id, voice_id)


async def of_song_without_file(served: Bench, voice_id: str) -> None:
    audio = encode(tone(3.0, 16_000, f0_hz=150.0), 16_000, "mp3", "libmp3lame")
    track = await served.client.index_track(audio, TrackDescription("Somebody", "Not kept"))
    await served.client.create_conversion(track.track_id, voice_id)


async def of_long_song(served: Bench, voice_id: str) -> None:
    track_id, _ = served.add_song("Long", duration_s=7200.0)
    await served.client.create_conversion(track_id, voice_id)


async def with_voice_of_the_recommender(served: Bench, _voice_id: str) -> None:
    track_id, _ = served.add_song()
    known = await served.client.create_voice(TAKE, subject="mia", statement="You may keep my vectors.")
    await served.client.create_conversion(track_id, known.voice_id)


async def with_expired_consent(served: Bench, _voice_id: str) -> None:
    track_id, _ = served.add_song()
    await served.client.create_conversion(track_id, keep_voice(served, expire_time=LONG_AGO))


async def with_another_engine(served: Bench, voice_id: str) -> None:
    track_id, _ = served.add_song()
    await served.client.create_conversion(track_id, voice_id, choices=ConversionChoices(engine="other"))


async def with_unknown_engine(served: Bench, voice_id: str) -> None:
    track_id, _ = served.add_song()
    await served.client.create_conversion(track_id, voice_id, choices=ConversionChoices(engine="moog"))


async def with_two_keys(served: Bench, voice_id: str) -> None:
    choices = ConversionChoices(octaves_only=True)
    await served.client.create_conversion("t", voice_id, key_shift_semitones=1, choices=choices)


async def with_request_id_of_another_song(served: Bench, voice_id: str) -> None:
    for name in ("One", "Another"):
        track_id, _ = served.add_song(name)
        conversion = await served.client.create_conversion(track_id, voice_id, request_id="the same")
        await served.client.cancel_conversion(conversion.conversion_id)


CONVERSIONS: dict[str, tuple[Callable[[Bench, str], Awaitable[object]], type[SingalikeError], str]] = {
    "no such voice": (
        lambda served, _: served.client.create_conversion("t", "v-0"),
        NotFoundError,
        "VOICE_NOT_FOUND",
    ),
    "a suggestion for nobody": (
        lambda served, _: served.client.create_conversion("t", ""),
        InvalidInputError,
        "INVALID_REQUEST",
    ),
    "a voice that is known but did not agree": (
        with_voice_of_the_recommender,
        WrongStateError,
        "VOICE_NOT_FOR_CONVERSION",
    ),
    "a consent that has run out": (with_expired_consent, WrongStateError, "CONSENT_EXPIRED"),
    "no such song": (
        lambda served, voice_id: served.client.create_conversion("t-0", voice_id),
        NotFoundError,
        "TRACK_NOT_FOUND",
    ),
    "a song of which no sound was kept": (of_song_without_file, NotFoundError, "SONG_SOUND_NOT_FOUND"),
    "a song that was removed": (of_removed_song, NotFoundError, "SONG_SOUND_NOT_FOUND"),
    "a song that was changed": (of_changed_song, WrongStateError, "SONG_CHANGED"),
    "a song of two hours": (of_long_song, InvalidInputError, "SONG_TOO_LONG"),
    "an engine that has not learnt the voice": (with_another_engine, WrongStateError, "VOICE_NOT_ENROLLED_FOR_ENGINE"),
    "no such engine": (with_unknown_engine, InvalidInputError, "ENGINE_UNKNOWN"),
    "two keys at once": (with_two_keys, InvalidInputError, "INVALID_REQUEST"),
    "the request_id of another song": (with_request_id_of_another_song, AlreadyExistsError, "REQUEST_ID_TAKEN"),
}


@pytest.mark.parametrize("case", CONVERSIONS)
async def test_a_conversion_that_cannot_be_is_refused_at_once(served: Bench, voice: TargetVoice, case: str) -> None:
    call, kind, reason = CONVERSIONS[case]
    before = served.parts.conversions.unfinished()

    error = await refusal(call(served, voice.voice_id))

    assert (type(error), error.reason) == (kind, reason)
    assert served.parts.conversions.unfinished() == before


async def test_beyond_what_a_tenant_may_have_it_is_told_when_to_come_back(served: Bench, voice: TargetVoice) -> None:
    track_id, _ = served.add_song()
    waiting = [await served.client.create_conversion(track_id, voice.voice_id) for _ in range(3)]

    error = await refusal(served.client.create_conversion(track_id, voice.voice_id))

    assert isinstance(error, CapacityError)
    assert error.reason == "TOO_MANY_CONVERSIONS"
    assert error.retry_after_s
    for conversion in waiting:
        await served.client.delete_conversion(conversion.conversion_id)


async def test_what_belongs_to_one_tenant_does_not_exist_for_another(
    served: Bench, voice: TargetVoice, others: AsyncClient, tmp_path: Path
) -> None:
    track_id, _ = served.add_song()
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    conversion_id = conversion.conversion_id
    like_hers = SuggestionChoices(seeds=(Seed("voice", voice.voice_id),))
    # Replies are kept, but not for everybody.
    await served.client.recommend_songs(VoiceId(voice.voice_id))

    for call, reason in (
        (others.get_voice_profile(voice.voice_id), "VOICE_NOT_FOUND"),
        (others.revoke_consent(voice.voice_id), "VOICE_NOT_FOUND"),
        (others.delete_voice_profile(voice.voice_id), "VOICE_NOT_FOUND"),
        (others.create_conversion(track_id, voice.voice_id), "VOICE_NOT_FOUND"),
        (others.get_voice(voice.voice_id), "VOICE_NOT_FOUND"),
        (others.delete_voice(voice.voice_id), "VOICE_NOT_FOUND"),
        (others.recommend_songs(VoiceId(voice.voice_id)), "VOICE_NOT_FOUND"),
        (others.recommend_singers(VoiceId(voice.voice_id)), "VOICE_NOT_FOUND"),
        (others.recommend_songs(choices=like_hers), "VOICE_NOT_FOUND"),
        (others.identify_singer(VoiceId(voice.voice_id)), "VOICE_NOT_FOUND"),
        (others.explain_singer(VoiceId(voice.voice_id), "a-singer"), "VOICE_NOT_FOUND"),
        (others.get_conversion(conversion_id), "CONVERSION_NOT_FOUND"),
        (others.cancel_conversion(conversion_id), "CONVERSION_NOT_FOUND"),
        (others.delete_conversion(conversion_id), "CONVERSION_NOT_FOUND"),
        (others.download_conversion(conversion_id, tmp_path / "song"), "CONVERSION_NOT_FOUND"),
        (anext(others.watch_conversion(conversion_id)), "CONVERSION_NOT_FOUND"),
    ):
        error = await refusal(call)
        assert (type(error), error.reason) == (NotFoundError, reason)

    assert [one async for one in others.list_conversions()] == []
    assert (await served.client.recommend_songs(choices=like_hers)).songs
    assert (await served.client.get_conversion(conversion_id)).state == "queued"
    await served.client.delete_conversion(conversion_id)


async def test_a_song_that_is_not_there_is_not_given_out(served: Bench, voice: TargetVoice, tmp_path: Path) -> None:
    track_id, _ = served.add_song()
    ids = [(await served.client.create_conversion(track_id, voice.voice_id)).conversion_id for _ in range(3)]
    waiting, cancelled, failed = ids
    await served.client.cancel_conversion(cancelled)
    served.parts.conversions.start(failed, WORKER)
    served.parts.conversions.fail(failed, WORKER, ConversionFault("NO_SINGING", "nobody sings: choose another song"))

    reasons = [
        (await refusal(served.client.download_conversion(conversion_id, tmp_path / "song"))).reason
        for conversion_id in (waiting, cancelled, failed, "c-0")
    ]

    assert reasons == ["CONVERSION_NOT_FINISHED", "CONVERSION_CANCELLED", "CONVERSION_FAILED", "CONVERSION_NOT_FOUND"]
    assert list(tmp_path.iterdir()) == []
    assert (await refusal(served.client.cancel_conversion(failed))).reason == "CONVERSION_FINISHED"
    for conversion_id in ids:
        await served.client.delete_conversion(conversion_id)


async def test_a_download_from_behind_the_end_is_refused(served: Bench, voice: TargetVoice) -> None:
    track_id, _ = served.add_song()
    conversion_id = (await served.client.create_conversion(track_id, voice.voice_id)).conversion_id
    served.sing(conversion_id, b"a song")

    error = await refusal(anext(served.download_stream(conversion_id, offset=7)))

    assert error.reason == "BAD_OFFSET"
    served.parts.folder.erase(conversion_id)
    assert (await refusal(anext(served.download_stream(conversion_id)))).reason == "SONG_NOT_FOUND"


async def test_who_watches_is_told_when_the_conversion_is_deleted(served: Bench, voice: TargetVoice) -> None:
    track_id, _ = served.add_song()
    conversion = await served.client.create_conversion(track_id, voice.voice_id)
    told = served.client.watch_conversion(conversion.conversion_id)
    assert (await anext(told)).state == "queued"
    waiting = asyncio.ensure_future(anext(told))

    await served.client.delete_conversion(conversion.conversion_id)

    assert (await refusal(waiting)).reason == "CONVERSION_NOT_FOUND"
    assert (await refusal(anext(served.client.watch_conversion("c-0")))).reason == "CONVERSION_NOT_FOUND"


@pytest.mark.parametrize("page_token", ["nonsense", "x" * 900])
async def test_a_page_token_of_no_page_is_refused(served: Bench, page_token: str) -> None:
    call = served.client._call(
        served.client._conversion.ListConversions, pb.ListConversionsRequest(page_token=page_token)
    )

    assert (await refusal(call)).reason == "BAD_PAGE_TOKEN"


async def test_a_full_disk_is_told(served: Bench, voice: TargetVoice) -> None:
    track_id, _ = served.add_song()
    settings = served.settings.model_copy(update={"min_free_disk_mb": 10**9})
    async with running(settings, token=MINE) as full:
        for call in (
            full.client.create_conversion(track_id, voice.voice_id),
            full.client.create_consent_phrase(),
        ):
            error = await refusal(call)
            assert (type(error), error.reason) == (CapacityError, "DISK_FULL")


async def test_a_refusal_carries_its_details(served: Bench) -> None:
    async with aio.insecure_channel(served.servers.conversion) as channel:
        call = channel.unary_unary(
            "/singalike.v1.ConversionService/GetConversion", pb.GetConversionRequest.SerializeToString
        )
        with pytest.raises(aio.AioRpcError) as refused:
            await call(pb.GetConversionRequest(conversion_id="c-0"), metadata=(("authorization", f"Bearer {MINE}"),))

    status = rpc_status.from_call(refused.value)  # type: ignore[arg-type]
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert status is not None
    assert [detail.type_url.rpartition(".")[2] for detail in status.details] == ["ErrorInfo"]
    assert error_from_rpc(refused.value).reason == "CONVERSION_NOT_FOUND"
