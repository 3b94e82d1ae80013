"""What the conversion service refuses ends in the documented reason, with details, and leaves nothing behind."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
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
from singalike.services.conversion_records import ConsentPhrase, ConversionFault
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import voice_pb2
from tests.support.conversion_servers import READING, STATEMENT, TAKE, WORKER, Bench, bench, enrol
from tests.support.conversion_stores import consent, target_voice
from tests.support.fake_ear import make_profile
from tests.support.recordings import encode, tone
from tests.support.servers import running, small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENTED = "".join(
    (Path(__file__).parents[2] / "docs" / page).read_text("utf-8") for page in ("conversion.md", "refusals.md")
)
SILENCE = encode(0.0 * tone(12.0, 16_000), 16_000, "flac", "flac")
THREE_SECONDS = encode(tone(3.0, 16_000), 16_000, "mp3", "libmp3lame")
SIX_MINUTES = encode(tone(360.0, 8_000), 8_000, "mp3", "libmp3lame")
MINE, OTHERS = "token of mine", "token of others"
LONG_AGO = datetime(2025, 1, 2, tzinfo=UTC)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("data")
    entries = {"mine": {"token_sha256": digest(MINE), "most_waiting": 3}, "others": {"token_sha256": digest(OTHERS)}}
    tenants = folder / "tenants.json"
    tenants.write_text(json.dumps(entries), "utf-8")
    async with bench(small_settings(folder, tenants=tenants, max_upload_mb=4), MINE) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice(served: Bench) -> TargetVoice:
    return await enrol(served.client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(served: Bench) -> AsyncIterator[AsyncClient]:
    servers = served.servers
    async with AsyncClient(servers.embedding, servers.recommender, servers.conversion, token=OTHERS) as client:
        yield client


async def refusal(call: Awaitable[object]) -> SingalikeError:
    """Return the error that a call ends in; its reason must be documented."""
    with pytest.raises(SingalikeError) as refused:
        await call
    assert f"| `{refused.value.reason}` |" in DOCUMENTED
    assert refused.value.message
    return refused.value


Enrolment = Callable[[Bench], Awaitable[object]]


def keep_phrase(served: Bench, **said: object) -> str:
    """Keep a phrase that nobody drew."""
    fields = {"phrase_id": "p-1", "tenant": "mine", "text": "red lantern", "language": "en", "create_time": LONG_AGO}
    served.parts.targets.add_phrase(ConsentPhrase(**{**fields, "expire_time": LONG_AGO, **said}))  # type: ignore[arg-type]
    return str(said.get("phrase_id", "p-1"))


async def with_expired_phrase(served: Bench) -> None:
    just_now = datetime.now(UTC) - timedelta(seconds=1)
    phrase_id = keep_phrase(served, phrase_id="p-old", expire_time=just_now)
    await enrol(served.client, phrase_id=phrase_id)


async def with_used_phrase(served: Bench) -> None:
    phrase_id = (await served.client.create_consent_phrase()).phrase_id
    await enrol(served.client, phrase_id=phrase_id)
    await enrol(served.client, phrase_id=phrase_id)


async def with_phrase_of_others(served: Bench) -> None:
    phrase_id = keep_phrase(served, phrase_id="p-theirs", tenant="others", expire_time=datetime.now(UTC) + timedelta(1))
    await enrol(served.client, phrase_id=phrase_id)


async def with_request_id_of_another(served: Bench) -> None:
    for takes in ([TAKE], [TAKE, TAKE]):
        await enrol(served.client, takes, request_id="the same")


ENROLMENTS: dict[str, tuple[Enrolment, type[SingalikeError], str]] = {
    "nobody agreed": (lambda served: enrol(served.client, subject=" "), WrongStateError, "CONSENT_MISSING"),
    "to nothing": (lambda served: enrol(served.client, statement=""), WrongStateError, "CONSENT_MISSING"),
    "the consent has run out": (
        lambda served: enrol(served.client, expire_time=LONG_AGO),
        WrongStateError,
        "CONSENT_EXPIRED",
    ),
    "the consent is of tomorrow": (
        lambda served: enrol(served.client, consent_time=datetime.now(UTC) + timedelta(days=1)),
        InvalidInputError,
        "CONSENT_IN_FUTURE",
    ),
    "no such phrase": (lambda served: enrol(served.client, phrase_id="p-0"), NotFoundError, "PHRASE_NOT_FOUND"),
    "the phrase has run out": (with_expired_phrase, WrongStateError, "PHRASE_EXPIRED"),
    "the phrase was used": (with_used_phrase, NotFoundError, "PHRASE_NOT_FOUND"),
    "the phrase was given to others": (with_phrase_of_others, NotFoundError, "PHRASE_NOT_FOUND"),
    "three seconds": (lambda served: enrol(served.client, [THREE_SECONDS]), InvalidInputError, "TOO_LITTLE_VOICE"),
    "silence": (lambda served: enrol(served.client, [SILENCE]), InvalidInputError, "SILENT"),
    "more than ten minutes": (
        lambda served: enrol(served.client, [SIX_MINUTES, SIX_MINUTES]),
        InvalidInputError,
        "TOO_MUCH_VOICE",
    ),
    "no sound at all": (lambda served: enrol(served.client, [b"no sound"]), InvalidInputError, "UNKNOWN_FORMAT"),
    "33 takes": (lambda served: enrol(served.client, [THREE_SECONDS] * 33), InvalidInputError, "TOO_MANY_RECORDINGS"),
    "no take": (lambda served: enrol(served.client, []), InvalidInputError, "TOO_FEW_RECORDINGS"),
    "an empty take": (lambda served: enrol(served.client, [b""]), InvalidInputError, "EMPTY"),
    "a take that is too large": (lambda served: enrol(served.client, [bytes(5 * 2**20)]), CapacityError, "TOO_LARGE"),
    "no such engine": (lambda served: enrol(served.client, engines=["moog"]), InvalidInputError, "ENGINE_UNKNOWN"),
    "the request_id made another voice": (with_request_id_of_another, AlreadyExistsError, "REQUEST_ID_TAKEN"),
}


@pytest.mark.parametrize("case", ENROLMENTS)
async def test_an_enrolment_that_must_not_be_is_refused(served: Bench, case: str) -> None:
    call, kind, reason = ENROLMENTS[case]

    error = await refusal(call(served))

    assert (type(error), error.reason) == (kind, reason)
    assert served.parts.targets.find_target_request("mine", case, "") is None


HEADER = pb.CreateVoiceProfileRequest(
    header=pb.CreateVoiceProfileHeader(phrase_id="p-1", consent={"subject": "mia", "statement": STATEMENT})  # type: ignore[arg-type]
)
HEAD = pb.CreateVoiceProfileRequest(recording=voice_pb2.Recording())
CHUNK = pb.CreateVoiceProfileRequest(chunk=READING)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [CHUNK],
        [HEAD, CHUNK],
        [HEADER, CHUNK, HEAD],
        [HEADER, HEADER, HEAD, CHUNK],
        [HEADER, HEAD, CHUNK, HEADER, HEAD, CHUNK],
    ],
)
async def test_recordings_out_of_order_are_refused(served: Bench, parts: list[pb.CreateVoiceProfileRequest]) -> None:
    error = await refusal(served.client._call(served.client._conversion.CreateVoiceProfile, iter(parts)))

    assert isinstance(error, InvalidInputError)
    assert error.reason == "UPLOAD_OUT_OF_ORDER"
    assert [violation.field for violation in error.violations] == ["part"]


async def test_who_has_not_agreed_is_not_even_listened_to(served: Bench) -> None:
    header = pb.CreateVoiceProfileRequest(header=pb.CreateVoiceProfileHeader(phrase_id="p-1"))
    garbage = pb.CreateVoiceProfileRequest(chunk=b"not taken in")

    error = await refusal(served.client._call(served.client._conversion.CreateVoiceProfile, iter([header, garbage])))

    assert error.reason == "CONSENT_MISSING"


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
