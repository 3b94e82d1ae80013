"""Uploads on disk, when the disk is not as it should be, and uploads of callers who stop sending."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from singalike.errors import CapacityError, InvalidInputError, UnavailableError
from singalike.services.conversion_records import Tenant
from singalike.services.server_parts import upload_limits
from singalike.services.settings import Settings
from singalike.services.wire import upload_stream
from singalike.services.wire.tenants import CALLER
from singalike.services.wire.upload_stream import UploadStream
from singalike.services.wire.uploads import Spool, SpoolRoom, UploadLimits
from singalike.v1.embedding_service_pb2 import UploadEmbedRequest
from singalike.v1.voice_pb2 import Recording
from tests.support.patience import PATIENCE_S

MIB = 2**20


async def test_an_upload_comes_back_whole() -> None:
    with Spool(MIB, SpoolRoom(MIB)) as spool:
        for chunk in (b"abc", b"", b"d" * 100_000):
            await spool.write(chunk)

        assert await spool.read() == b"abc" + b"d" * 100_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to offer")
async def test_a_full_disk_is_named_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.FileIO("/dev/full", "r+"))

    with pytest.raises(CapacityError) as refused, Spool(MIB, SpoolRoom(MIB)) as spool:
        await spool.write(b"abc")

    assert refused.value.reason == "DISK_FULL"
    assert refused.value.retry_after_s


async def test_a_missing_folder_for_uploads_is_no_fault_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(UnavailableError) as refused:
        Spool(MIB, SpoolRoom(MIB))

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
        upload = UploadStream(stalling(), UploadLimits(MIB, SpoolRoom(MIB)))
        await upload.head()
        return await upload.audio(b"")

    with pytest.raises(InvalidInputError) as refused:
        await receive()

    assert refused.value.reason == "UPLOAD_STALLED"


async def test_uploads_hold_no_more_together_than_there_is_room() -> None:
    room = SpoolRoom(100)
    with Spool(100, room) as first, Spool(100, room) as second:
        await first.write(b"a" * 60)
        await second.write(b"b" * 40)
        with pytest.raises(CapacityError) as refused:
            await second.write(b"b")
        full = room.taken

    with Spool(100, room) as third:
        await third.write(b"c" * 100)

    assert (refused.value.reason, full) == ("UPLOADS_FULL", 100)
    assert refused.value.retry_after_s
    assert room.taken == 0


async def test_a_tenant_that_takes_its_share_leaves_the_others_theirs() -> None:
    room = SpoolRoom(100, tenant_bytes=60)
    CALLER.set(Tenant("greedy"))
    with Spool(100, room) as first, Spool(100, room) as second:
        await first.write(b"a" * 40)
        with pytest.raises(CapacityError) as refused:
            await second.write(b"b" * 21)
        CALLER.set(Tenant("modest"))
        with Spool(100, room) as others:
            await others.write(b"c" * 60)
            held = room.taken

    assert (refused.value.reason, held, room.taken) == ("UPLOADS_FULL", 100, 0)
    assert refused.value.retry_after_s


@pytest.mark.parametrize(
    ("changes", "tenant_mb"),
    [({}, 1000), ({"tenants": Path("tenants.json")}, 500), ({"tenants": Path("t"), "uploads_tenant_share": 0.01}, 256)],
)
def test_one_tenant_has_all_the_room_and_each_of_several_room_for_an_enrolment(
    changes: dict[str, object], tenant_mb: int
) -> None:
    room = upload_limits(Settings(uploads_room_mb=1000, **changes)).room  # type: ignore[arg-type]

    room.take(tenant_mb * MIB, "choir")

    with pytest.raises(CapacityError):
        room.take(1, "choir")


async def test_who_breaks_off_in_the_middle_leaves_no_room_taken() -> None:
    room, came = SpoolRoom(100), asyncio.Event()

    async def broken_off() -> AsyncIterator[UploadEmbedRequest]:
        yield UploadEmbedRequest(recording=Recording(audio=b"a" * 50))
        yield UploadEmbedRequest(chunk=b"b" * 50)
        came.set()
        await asyncio.Event().wait()

    async def receive() -> None:
        upload = UploadStream(broken_off(), UploadLimits(100, room))
        await upload.audio((await upload.head()).recording.audio)

    receiving = asyncio.ensure_future(receive())
    await asyncio.wait_for(came.wait(), PATIENCE_S)
    held = room.taken
    receiving.cancel()
    await asyncio.wait([receiving])

    assert (held, room.taken) == (100, 0)
