"""A downloaded song appears whole, with the right digest, or not at all."""

import hashlib
from pathlib import Path

import pytest

from singalike.client.conversion_requests import MOST_RESUMES, Resuming
from singalike.client.downloads import Download
from singalike.errors import InvalidInputError, UnavailableError
from singalike.v1 import conversions_pb2
from singalike.v1.conversion_service_pb2 import DownloadConversionResponse as Part

CHUNKS = (b"a song", b" that was", b" sung")
SHA256 = hashlib.sha256(b"".join(CHUNKS)).hexdigest()
HEAD = Part(song=conversions_pb2.ConvertedSong(sha256=SHA256, size_bytes=20))


def test_a_song_replaces_what_was_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    path.write_bytes(b"old")
    with Download(path) as file:
        for part in (HEAD, *(Part(chunk=chunk) for chunk in CHUNKS)):
            file.take(part)
            assert path.read_bytes() == b"old"
        file.take(Part(sha256=SHA256))
        song = file.end()

    assert path.read_bytes() == b"".join(CHUNKS)
    assert (song.sha256, file.size) == (SHA256, 20)
    assert list(tmp_path.iterdir()) == [path]


def test_two_who_save_a_song_in_one_place_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    with Download(path) as first, Download(path) as second:
        for part in (HEAD, *(Part(chunk=chunk) for chunk in CHUNKS), Part(sha256=SHA256)):
            first.take(part)
            second.take(part)
        first.end()
        second.end()

    assert path.read_bytes() == b"".join(CHUNKS)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "STREAM_BROKEN"),
        ([HEAD, Part(chunk=CHUNKS[0])], "STREAM_BROKEN"),
        ([HEAD, Part(chunk=b"another song"), Part(sha256=SHA256)], "DOWNLOAD_DAMAGED"),
    ],
)
def test_what_is_not_whole_or_damaged_leaves_nothing(tmp_path: Path, parts: list[Part], reason: str) -> None:
    with Download(tmp_path / "song.ogg") as file:
        for part in parts:
            file.take(part)
        with pytest.raises(UnavailableError) as refused:
            file.end()

    assert refused.value.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere/song\.ogg cannot be written") as refused:
        Download(tmp_path / "nowhere" / "song.ogg")

    assert refused.value.reason == "NOT_WRITABLE"


def test_a_stream_is_taken_up_again_a_bounded_number_of_times_with_growing_pauses() -> None:
    resuming, error = Resuming(), UnavailableError("UNAVAILABLE", "away")
    pauses_s = [resuming.pause_s(error) for _ in range(MOST_RESUMES)]
    with pytest.raises(UnavailableError):
        resuming.pause_s(error)
    resuming.went_on()

    assert pauses_s[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses_s == sorted(pauses_s)
    assert max(pauses_s) == 5.0
    assert resuming.pause_s(error) == 0.2
