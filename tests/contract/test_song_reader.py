"""Songs found again: the right bytes, of a length that may be converted, through the guarded decoder."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.decoding import DecodeLimits, GuardedDecoder
from singalike.errors import SingalikeError
from singalike.services.adapters.song_reader import FileSongReader, song_limits
from singalike.services.adapters.sql_song_files import SqlSongFiles
from singalike.services.conversion_records import SongFile
from tests.support.conversion_stores import outcome
from tests.support.databases import fresh_database

LONGEST_S = 700.0
RATE = 8_000


@pytest.fixture(scope="module")
def decoder() -> Iterator[GuardedDecoder]:
    with GuardedDecoder(1, song_limits(LONGEST_S)) as started:
        yield started


@pytest.fixture
def song_files() -> Iterator[SqlSongFiles]:
    with fresh_database("sqlite") as url:
        opened = SqlSongFiles(url)
        yield opened
        opened.close()


@pytest.fixture
def reader(song_files: SqlSongFiles, decoder: GuardedDecoder) -> FileSongReader:
    return FileSongReader(song_files, decoder, LONGEST_S)


def tone(duration_s: float) -> bytes:
    waveform = np.sin(2 * np.pi * 220.0 / RATE * np.arange(round(duration_s * RATE))) * 0.5
    file = io.BytesIO()
    soundfile.write(file, waveform, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def lay(song_files: SqlSongFiles, path: Path, audio: bytes) -> SongFile:
    path.write_bytes(audio)
    file = SongFile(hashlib.sha256(audio).hexdigest(), str(path), "left", a_cappella=True)
    song_files.add_song_file(file)
    return file


def test_a_song_is_found_by_the_digest_of_its_bytes(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    file = lay(song_files, tmp_path / "song.wav", tone(3.0))

    sound, found = reader.read(file.content_sha256)

    assert found == file
    assert (sound.sample_rate, sound.duration_s) == (RATE, 3.0)


def test_a_song_longer_than_an_upload_may_be_is_read_up_to_the_longest_song(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    longer_than_uploads = DecodeLimits().max_duration_s + 20.0
    file = lay(song_files, tmp_path / "long.wav", tone(longer_than_uploads))
    longest = lay(song_files, tmp_path / "longest.wav", tone(LONGEST_S + 1.0))

    sound, _ = reader.read(file.content_sha256)
    refused = outcome(lambda: reader.read(longest.content_sha256))

    assert sound.duration_s == longer_than_uploads
    assert refused == "SONG_TOO_LONG"


def test_a_song_with_more_bytes_than_any_of_its_length_is_refused_unread(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(song_limits(LONGEST_S).max_bytes + 1)
    song_files.add_song_file(SongFile("cd" * 32, str(path)))

    assert outcome(lambda: reader.read("cd" * 32)) == "SONG_TOO_LONG"


def test_a_song_that_is_gone_or_another_one_is_told_apart(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    gone = lay(song_files, tmp_path / "gone.wav", tone(3.0))
    changed = lay(song_files, tmp_path / "changed.wav", tone(4.0))
    (tmp_path / "gone.wav").unlink()
    (tmp_path / "changed.wav").write_bytes(tone(5.0))

    assert outcome(lambda: reader.read(gone.content_sha256)) == "SONG_SOUND_NOT_FOUND"
    assert outcome(lambda: reader.read(changed.content_sha256)) == "SONG_CHANGED"
    assert outcome(lambda: reader.read("ab" * 32)) == "SONG_SOUND_NOT_FOUND"


def test_who_is_refused_a_song_is_told_its_name_and_not_the_folders_of_the_machine(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    files = [lay(song_files, tmp_path / "gone.wav", tone(3.0)), lay(song_files, tmp_path / "new.wav", tone(4.0))]
    (tmp_path / "gone.wav").unlink()
    (tmp_path / "new.wav").write_bytes(tone(5.0))

    for file in files:
        with pytest.raises(SingalikeError, match=Path(file.path).name) as refused:
            reader.read(file.content_sha256)
        assert str(tmp_path) not in refused.value.message


def test_what_the_decoder_refuses_keeps_its_reason(
    song_files: SqlSongFiles, reader: FileSongReader, tmp_path: Path
) -> None:
    file = lay(song_files, tmp_path / "text.wav", b"this is no sound " * 100)

    assert outcome(lambda: reader.read(file.content_sha256)) == "UNKNOWN_FORMAT"
