"""The order of an upload: one head, then chunks."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.wire.uploads import Spool
from singalike.services.wire.validators import validate
from singalike.v1.embedding_service_pb2 import IndexTrackRequest, UploadEmbedRequest

Part = TypeVar("Part", UploadEmbedRequest, IndexTrackRequest)


class UploadStream(Generic[Part]):
    """Reads the head, then the audio, checking each message as it comes.

    Args:
        parts: What the caller sends.
        max_bytes: Largest recording.
    """

    def __init__(self, parts: AsyncIterator[Part], max_bytes: int) -> None:
        self._parts: AsyncIterator[Part] = parts
        self._max_bytes = max_bytes

    async def head(self) -> Part:
        """Return the first message, which must not be a chunk.

        Raises:
            InvalidInputError: INVALID_REQUEST; UPLOAD_OUT_OF_ORDER.
        """
        async for first in self._parts:
            validate(first)
            if first.WhichOneof("part") != "chunk":
                return first
            break
        raise _out_of_order("begin with the message that says what the recording is")

    async def audio(self, beginning: bytes) -> bytes:
        """Return the whole recording, kept on disk until all of it is there.

        Raises:
            InvalidInputError: EMPTY; UPLOAD_OUT_OF_ORDER.
            CapacityError: TOO_LARGE.
        """
        with Spool(self._max_bytes) as spool:
            await spool.write(beginning)
            await spool.write_all(self._chunks())
            audio = await spool.read()
        if not audio:
            raise InvalidInputError(
                "EMPTY", "no audio came: send it in chunks", (FieldViolation("chunk", "holds no audio"),)
            )
        return audio

    async def _chunks(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            validate(part)
            if part.WhichOneof("part") != "chunk":
                raise _out_of_order("send the head once, then chunks only")
            yield part.chunk


def _out_of_order(advice: str) -> InvalidInputError:
    return InvalidInputError("UPLOAD_OUT_OF_ORDER", advice, (FieldViolation("part", advice),))
