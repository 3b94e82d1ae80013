"""Uploads on disk, when the disk is not as it should be, and uploads of callers who stop sending."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from singalike.errors import CapacityError, InvalidInputError, UnavailableError
from singalike.services.wire import upload_stream
from singalike.services.wire.upload_stream import UploadStream
from singalike.services.wire.uploads import Spool
from singalike.v1.embedding_service_pb2 import UploadEmbedRequest
from singalike.v1.voice_pb2 import Recording

MIB = 2**20


async def test_an_upload_comes_back_whole() -> None:
    with Spool(MIB) as spool:
        for chunk in (b"abc", b"", b"d" * 100_000):
            await spool.write(chunk)

        assert await spool.read() == b"abc" + b"d" * 100_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to offer")
async def test_a_full_disk_is_named_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.FileIO("/dev/full", "r+"))

    with pytest.raises(CapacityError) as refused, Spool(MIB) as spool:
        await spool.write(b"abc")

    assert refused.value.reason == "DISK_FULL"
    assert refused.value.retry_after_s


async def test_a_missing_folder_for_uploads_is_no_fault_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(UnavailableError) as refused:
        Spool(MIB)

    assert refused.value.reason == "SPOOL_UNAVAILABLE"


@pytest.mark.parametrize("parts", [[], [UploadEmbedRequest(recording=Recording())]])
async def test_a_caller_who_stops_sending_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, parts: list[UploadEmbedRequest]
) -> None:
    monkeypatch.setattr(upload_stream, "LONGEST_PAUSE_S", 0.02)

    async def stalling() -> AsyncIterator[UploadEmbedRequest]:
        for part in parts:
            yield part
        await asyncio.Event().wait()

    async def receive() -> bytes:
        upload = UploadStream(stalling(), MIB)
        await upload.head()
        return await upload.audio(b"")

    with pytest.raises(InvalidInputError) as refused:
        await receive()

    assert refused.value.reason == "UPLOAD_STALLED"
