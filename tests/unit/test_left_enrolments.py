"""Callers who leave while their voice is learnt keep their place until the thread that learns it has ended."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from singalike.errors import InvalidInputError
from singalike.services.conversion.enrolment import Enrolment
from singalike.services.conversion.servicer import ConversionServicer, ConversionUseCases
from singalike.services.wire.uploads import SpoolRoom, UploadLimits
from singalike.v1 import voice_pb2
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileHeader
from singalike.v1.conversion_service_pb2 import CreateVoiceProfileRequest as Part
from tests.support.patience import PATIENCE_S


class SlowEnroller:
    """Learns until a gate opens, then refuses; counts who learns at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun: asyncio.Queue[bytes] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def enrol(self, enrolment: Enrolment) -> None:
        self._loop.call_soon_threadsafe(self.begun.put_nowait, enrolment.takes[0].read())
        assert self.gate.wait(PATIENCE_S)
        raise InvalidInputError("SILENT", enrolment.takes[0].read().decode())


async def parts(take: bytes) -> AsyncIterator[Part]:
    consent = {"subject": "mia", "statement": "You may."}
    yield Part(header=CreateVoiceProfileHeader(phrase_id="p-1", consent=consent))  # type: ignore[arg-type]
    for audio in (b"reading", take):
        yield Part(recording=voice_pb2.Recording(audio=audio))


async def test_a_caller_who_leaves_keeps_place_and_recordings_until_the_thread_ends() -> None:
    enroller = SlowEnroller()
    use_cases = cast("ConversionUseCases", type("UseCases", (), {"enroller": enroller}))
    servicer: Any = ConversionServicer(use_cases, lambda: datetime.now(UTC), UploadLimits(1000, SpoolRoom(4000)))
    left = asyncio.ensure_future(servicer.CreateVoiceProfile(parts(b"of who left"), None))
    async with asyncio.timeout(PATIENCE_S):
        assert await enroller.begun.get() == b"of who left"
        # Only now: recordings are written by threads, so of two callers at once either may be ready first.
        waiting = asyncio.ensure_future(servicer.CreateVoiceProfile(parts(b"of who waits"), None))
        left.cancel()
        await asyncio.wait([left], timeout=0.05)
        places_taken = (left.done(), enroller.begun.empty())
        enroller.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await left
        assert await enroller.begun.get() == b"of who waits"
        with pytest.raises(InvalidInputError, match="of who waits"):
            await waiting

    assert places_taken == (False, True)
