"""The order of an upload: one head, then chunks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.wire.uploads import Spool, UploadLimits
from singalike.services.wire.validators import validate
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileRequest
from singalike.v1.embedding_service_pb2 import IndexTrackRequest, UploadEmbedRequest

LONGEST_PAUSE_S = 30.0
"""Between two messages. Few uploads may be under way at once, and a caller may set a deadline of an hour: without this
a handful of callers who send nothing would keep all others out."""

Part = TypeVar("Part", UploadEmbedRequest, IndexTrackRequest, CreateVoiceProfileRequest)


class PartStream(Generic[Part]):
    """Reads what a caller sends, checking each message as it comes.

    Args:
        parts: What the caller sends.
    """

    def __init__(self, parts: AsyncIterator[Part]) -> None:
        self._parts: AsyncIterator[Part] = parts

    async def next_part(self) -> Part | None:
        """Return the next message; None at the end.

        Raises:
            InvalidInputError: INVALID_REQUEST; UPLOAD_STALLED.
        """
        try:
            async with asyncio.timeout(LONGEST_PAUSE_S) as pause:
                part = await anext(self._parts, None)
        except TimeoutError as error:
            if not pause.expired():
                raise
            advice = f"nothing came for {LONGEST_PAUSE_S:g} s: send without pauses"
            raise InvalidInputError("UPLOAD_STALLED", advice, (FieldViolation("part", advice),)) from error
        if part is not None:
            validate(part)
        return part


class UploadStream(Generic[Part]):
    """Reads the head, then the audio.

    Args:
        parts: What the caller sends.
        limits: How much of it is taken in.
    """

    def __init__(self, parts: AsyncIterator[Part], limits: UploadLimits) -> None:
        self._parts: PartStream[Part] = PartStream(parts)
        self._limits = limits

    async def head(self) -> Part:
        """Return the first message, which must not be a chunk.

        Raises:
            InvalidInputError: INVALID_REQUEST; UPLOAD_OUT_OF_ORDER; UPLOAD_STALLED.
        """
        first = await self._parts.next_part()
        if first is not None and first.WhichOneof("part") != "chunk":
            return first
        raise out_of_order("begin with the message that says what the recording is")

    async def audio(self, beginning: bytes) -> bytes:
        """Return the whole recording, kept on disk until all of it is there.

        Raises:
            InvalidInputError: EMPTY; UPLOAD_OUT_OF_ORDER; UPLOAD_STALLED.
            CapacityError: TOO_LARGE; UPLOADS_FULL; DISK_FULL.
        """
        with Spool(self._limits.max_bytes, self._limits.room) as spool:
            await spool.write(beginning)
            await spool.write_all(self._chunks())
            audio = await spool.read()
        if not audio:
            raise InvalidInputError(
                "EMPTY", "no audio came: send it in chunks", (FieldViolation("chunk", "holds no audio"),)
            )
        return audio

    async def _chunks(self) -> AsyncIterator[bytes]:
        while (part := await self._parts.next_part()) is not None:
            if part.WhichOneof("part") != "chunk":
                raise out_of_order("send the head once, then chunks only")
            yield part.chunk


def out_of_order(advice: str) -> InvalidInputError:
    """Refuse messages in another order than this advice names."""
    return InvalidInputError("UPLOAD_OUT_OF_ORDER", advice, (FieldViolation("part", advice),))
