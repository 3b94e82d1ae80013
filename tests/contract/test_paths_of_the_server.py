"""Errors of the server's disk: callers learn the reason and no path, operators learn the path from the log."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from singalike.audio.sound import Sound
from singalike.client import Recording, TrackDescription
from singalike.conversion.writing import MadeBy, SoundFormat, write_sound
from singalike.errors import SingalikeError, for_operators
from singalike.services.adapters import edge_files
from singalike.services.adapters.dbos_jobs import DbosJobs
from singalike.services.adapters.private_files import make_folder, refuse_little_room, write_whole
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from tests.support.recordings import encode, tone
from tests.support.servers import running, small_settings, use_fake_ear

AUDIO = encode(tone(3.0, 16_000), 16_000, "mp3", "libmp3lame")
SOUND = Sound(np.zeros((1, 8_000), np.float32), 8_000)


def full(part: Path) -> None:
    raise OSError(errno.ENOSPC, "no space", str(part))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda folder: make_folder(folder / "file" / "below"), "FILES_UNAVAILABLE"),
        (lambda folder: write_whole(folder / "song", full), "DISK_FULL"),
        (lambda folder: refuse_little_room(folder, 2**60), "DISK_FULL"),
        (lambda folder: refuse_little_room(folder / "gone", 0), "FILES_UNAVAILABLE"),
        (
            lambda folder: write_sound(folder / "gone" / "a", SOUND, MadeBy("e", "1"), SoundFormat.WAV),
            "OUTPUT_NOT_WRITTEN",
        ),
        (lambda folder: SqlCatalogue(f"sqlite:///{folder}/file/catalogue.db"), "CATALOGUE_UNAVAILABLE"),
        (lambda folder: DbosJobs(f"sqlite:///{folder}/file/jobs.db"), "JOBS_UNAVAILABLE"),
        (lambda folder: edge_files.lock_folder(folder / "file"), "INDEX_FAILED"),
    ],
)
def test_only_operators_are_told_where(tmp_path: Path, call: Callable[[Path], object], reason: str) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SingalikeError) as refused:
        call(tmp_path)

    assert refused.value.reason == reason
    assert str(tmp_path) not in refused.value.message
    assert str(tmp_path) in for_operators(refused.value)


async def test_a_caller_is_told_no_path_and_the_log_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_fake_ear(monkeypatch)
    async with running(small_settings(tmp_path, keep_songs=True), "embedding") as servers:
        (tmp_path / "songs").write_bytes(b"no folder")
        with capture_logs() as log, pytest.raises(SingalikeError) as refused:
            await servers.client.index_track(Recording(AUDIO, a_cappella=True), TrackDescription("Ann", "A song"))

    told = [line["message"] for line in log if line["event"] == "rpc_hindered"]
    assert refused.value.reason == "FILES_UNAVAILABLE"
    assert str(tmp_path) not in refused.value.message
    assert told
    assert all(str(tmp_path / "songs") in message for message in told)
