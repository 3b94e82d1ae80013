"""The recordings of an enrolment as they come: one header, then for each recording its head and its chunks."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.conversion.enrolment import MOST_TAKES, VoiceRecording
from singalike.services.wire.converters import channel_word, is_a_cappella
from singalike.services.wire.upload_stream import PartStream, out_of_order
from singalike.services.wire.uploads import Spool, too_large
from singalike.v1 import voice_pb2
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileHeader, CreateVoiceProfileRequest

RECORDINGS_OF_FULL_SIZE = 4
"""All recordings together may be so many times as large as one."""


@dataclass(frozen=True)
class _Place:
    head: voice_pb2.Recording
    start: int
    size: int


class EnrolmentUpload:
    """Reads an enrolment, all recordings one behind the other in one file that its caller lends.

    Args:
        parts: What the caller sends.
        spool: Keeps the recordings while they are needed.
        max_bytes: Largest recording.
    """

    def __init__(self, parts: AsyncIterator[CreateVoiceProfileRequest], spool: Spool, max_bytes: int) -> None:
        self._parts = PartStream(parts)
        self._spool = spool
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()

    @property
    def content(self) -> str:
        """Digest of all that came, recordings and their borders."""
        return self._digest.hexdigest()

    async def header(self) -> CreateVoiceProfileHeader:
        """Return the first message, which must be the header.

        Raises:
            InvalidInputError: INVALID_REQUEST; UPLOAD_OUT_OF_ORDER; UPLOAD_STALLED.
        """
        first = await self._parts.next_part()
        if first is None or first.WhichOneof("part") != "header":
            raise out_of_order("begin with the header")
        said = CreateVoiceProfileHeader()
        said.CopyFrom(first.header)
        said.ClearField("request_id")
        self._digest.update(said.SerializeToString(deterministic=True))
        return first.header

    async def recordings(self) -> tuple[VoiceRecording, ...]:
        """Return the reading and the takes, to be read while the spool is open.

        Raises:
            InvalidInputError: EMPTY; TOO_FEW_RECORDINGS; TOO_MANY_RECORDINGS; and as `header`.
            CapacityError: TOO_LARGE; UPLOADS_FULL; DISK_FULL.
        """
        places: list[_Place] = []
        while (part := await self._parts.next_part()) is not None:
            match part.WhichOneof("part"):
                case "recording":
                    _refuse_empty(places)
                    if len(places) > MOST_TAKES:
                        advice = f"send the reading and at most {MOST_TAKES} takes"
                        raise InvalidInputError("TOO_MANY_RECORDINGS", advice, (FieldViolation("recording", advice),))
                    places.append(await self._begin(part.recording))
                case "chunk" if places:
                    places[-1] = await self._go_on(places[-1], part.chunk)
                case _:
                    raise out_of_order("send the header once, then each recording's head before its chunks")
        _refuse_empty(places)
        if len(places) < 2:
            advice = "send the phrase read aloud first, then at least one take"
            raise InvalidInputError("TOO_FEW_RECORDINGS", advice, (FieldViolation("recording", advice),))
        return tuple(self._recording(place) for place in places)

    async def _begin(self, recording: voice_pb2.Recording) -> _Place:
        head = voice_pb2.Recording(channel=recording.channel, content=recording.content)
        self._digest.update(b"\0recording\0" + head.SerializeToString(deterministic=True))
        return await self._go_on(_Place(head, self._spool.size, 0), recording.audio)

    async def _go_on(self, place: _Place, chunk: bytes) -> _Place:
        size = place.size + len(chunk)
        if size > self._max_bytes:
            raise too_large(self._max_bytes)
        self._digest.update(chunk)
        await self._spool.write(chunk)
        return _Place(place.head, place.start, size)

    def _recording(self, place: _Place) -> VoiceRecording:
        return VoiceRecording(
            partial(self._spool.read_part, place.start, place.size),
            channel_word(place.head),
            is_a_cappella(place.head, default=True),
        )


def _refuse_empty(places: list[_Place]) -> None:
    """Refuse a recording that ended before its first byte."""
    if places and not places[-1].size:
        field = f"recording[{len(places) - 1}]"
        raise InvalidInputError(
            "EMPTY", f"{field} holds no audio: send it in chunks", (FieldViolation(field, "holds no audio"),)
        )
