"""What the conversion service refuses to learn a voice from, and that it says why in the documented reason."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from singalike.errors import (
    AlreadyExistsError,
    CapacityError,
    InvalidInputError,
    NotFoundError,
    SingalikeError,
    WrongStateError,
)
from singalike.services.conversion_records import ConsentPhrase
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import voice_pb2
from tests.support.conversion_servers import READING, STATEMENT, TAKE, Bench, enrol
from tests.support.recordings import encode, tone
from tests.support.two_tenants import refusal, two_tenants

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = encode(0.0 * tone(12.0, 16_000), 16_000, "flac", "flac")
THREE_SECONDS = encode(tone(3.0, 16_000), 16_000, "mp3", "libmp3lame")
SIX_MINUTES = encode(tone(360.0, 8_000), 8_000, "mp3", "libmp3lame")
LONG_AGO = datetime(2025, 1, 2, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with two_tenants(tmp_path_factory.mktemp("data")) as served:
        yield served


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
