"""The recordings of an enrolment, in their order and within their bounds."""

from collections.abc import AsyncIterator, Sequence

import pytest

from singalike.errors import CapacityError, InvalidInputError, SingalikeError
from singalike.services.conversion.enrolment import VoiceRecording
from singalike.services.wire.enrolment_upload import EnrolmentUpload
from singalike.services.wire.uploads import Spool, SpoolRoom
from singalike.v1 import voice_pb2
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileHeader
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileRequest as Part

LIMIT = 1000
HEADER = Part(header=CreateVoiceProfileHeader(phrase_id="p-1"))


def recording(audio: bytes = b"", **how: "voice_pb2.Channel.ValueType") -> Part:
    return Part(recording=voice_pb2.Recording(audio=audio, **how))


async def sent(parts: Sequence[Part]) -> AsyncIterator[Part]:
    for part in parts:
        yield part


async def receive(*parts: Part) -> tuple[list[bytes], tuple[VoiceRecording, ...], str]:
    """Take an enrolment in; answers what each recording holds, the recordings, and the digest."""
    with Spool(4 * LIMIT, SpoolRoom(4 * LIMIT)) as spool:
        upload = EnrolmentUpload(sent(parts), spool, LIMIT)
        await upload.header()
        recordings = await upload.recordings()
        return [each.read() for each in recordings], recordings, upload.content


async def test_each_recording_comes_back_whole_with_how_to_listen() -> None:
    contents, recordings, _ = await receive(
        HEADER,
        recording(b"read"),
        Part(chunk=b"ing"),
        recording(channel=voice_pb2.CHANNEL_LEFT),
        Part(chunk=b"take one"),
        recording(b"take two"),
    )

    assert contents == [b"reading", b"take one", b"take two"]
    assert [each.channel for each in recordings] == ["mix", "left", "mix"]
    assert all(each.a_cappella for each in recordings)


async def test_the_digest_knows_borders_between_recordings_but_not_between_chunks() -> None:
    _, _, whole = await receive(HEADER, recording(b"abcd"), recording(b"e"))
    _, _, in_chunks = await receive(HEADER, recording(b"ab"), Part(chunk=b"cd"), recording(b"e"))
    _, _, moved = await receive(HEADER, recording(b"abc"), recording(b"de"))

    assert whole == in_chunks
    assert whole != moved


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "UPLOAD_OUT_OF_ORDER"),
        ([recording(b"a"), recording(b"b")], "UPLOAD_OUT_OF_ORDER"),
        ([HEADER, Part(chunk=b"a")], "UPLOAD_OUT_OF_ORDER"),
        ([HEADER, HEADER], "UPLOAD_OUT_OF_ORDER"),
        ([HEADER, recording(b"a"), HEADER], "UPLOAD_OUT_OF_ORDER"),
        ([HEADER], "TOO_FEW_RECORDINGS"),
        ([HEADER, recording(b"a")], "TOO_FEW_RECORDINGS"),
        ([HEADER, recording(), recording(b"a")], "EMPTY"),
        ([HEADER, recording(b"a"), recording()], "EMPTY"),
        ([HEADER, recording(b"a"), Part()], "INVALID_REQUEST"),
        ([HEADER, *[recording(b"a")] * 34], "TOO_MANY_RECORDINGS"),
        ([HEADER, recording(bytes(LIMIT + 1)), recording(b"a")], "TOO_LARGE"),
        ([HEADER, recording(bytes(LIMIT)), Part(chunk=b"a"), recording(b"a")], "TOO_LARGE"),
        ([HEADER, *[recording(bytes(LIMIT))] * 5], "TOO_LARGE"),
    ],
)
async def test_what_is_out_of_order_or_bounds_is_refused(parts: list[Part], reason: str) -> None:
    with pytest.raises(SingalikeError) as refused:
        await receive(*parts)

    assert refused.value.reason == reason
    assert isinstance(refused.value, CapacityError if reason == "TOO_LARGE" else InvalidInputError)


async def test_a_reading_and_32_takes_are_not_too_many() -> None:
    contents, _, _ = await receive(HEADER, *[recording(b"a")] * 33)

    assert len(contents) == 33
