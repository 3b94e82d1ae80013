"""`singalike convert`: a song in a person's voice, from the command line, as its users meet it."""

import errno
import hashlib
import json
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from singalike import whole_files
from singalike.conversion.piece_store import Arrays
from singalike.services.adapters.conversion_files import PieceFolder
from singalike.services.cli.root import group, main
from tests.support.folders import quick_folder
from tests.support.performing import band_and_voice
from tests.support.sung_takes import take


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, song, takes = tmp_path_factory.mktemp("recordings"), band_and_voice(), take(8, 1, 14.0)
    soundfile.write(path / "song.flac", song.waveform.T, song.sample_rate)
    soundfile.write(path / "me.wav", takes.waveform.T, takes.sample_rate)
    soundfile.write(path / "noise.flac", np.random.default_rng(1).normal(0, 0.05, (60_000, 2)), 16_000)
    return path


@pytest.fixture
def folder(recordings: Path) -> Iterator[Path]:
    """A copy of the recordings, with no data beside them yet."""
    with quick_folder() as path:
        yield Path(shutil.copytree(recordings, path, dirs_exist_ok=True))


def run(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--data-dir", str(folder / "data")])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def run_and_press(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str]:
    """Run, and press Ctrl-C when the first piece is finished."""
    save = PieceFolder.save

    def save_and_press(pieces: PieceFolder, name: str, arrays: Arrays) -> None:
        save(pieces, name, arrays)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as pressed:
        pressed.setattr(PieceFolder, "save", save_and_press)
        status, _, said = run(folder, capsys, *arguments)
    return status, said


def room_for(pieces: int) -> Callable[[Path], None]:
    """Bring files to a disk that has no room behind so many pieces of a conversion."""
    sync, synced = whole_files.sync_to_disk, set[Path]()

    def sync_or_fail(path: Path) -> None:
        if ".safetensors." in path.name:
            synced.add(path)
        if len(synced) > pieces:
            raise OSError(errno.ENOSPC, "no space left on device")
        sync(path)

    return sync_or_fail


def pieces_of(folder: Path) -> list[Path]:
    return list((folder / "data" / "conversions" / "work").rglob("*.safetensors"))


def kept_voices(folder: Path) -> int:
    catalogue = folder / "data" / "catalogue.db"
    if not catalogue.exists():
        return 0
    with closing(sqlite3.connect(catalogue)) as database:
        return int(database.execute("SELECT count(*) FROM voices").fetchone()[0])


def test_a_song_is_sung_in_a_voice_of_which_nothing_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song, out = str(folder / "song.flac"), folder / "sung.ogg"
    asked = ("convert", song, "--voice", str(folder / "me.wav"), "--consent", "self", "--out", str(out))

    status, printed, _ = run(folder, capsys, *asked, "--key", "-3", "--json")
    _, found, _ = run(folder, capsys, "watermark", "detect", str(out), "--json")

    said = json.loads(printed)
    assert status == 0
    assert said["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (said["voice_shift_semitones"], said["accompaniment_shift_semitones"], said["voice_id"]) == (-3.0, -3.0, "")
    assert json.loads(found)["payload"] == said["watermark"] == said["conversion_id"][2:18]
    assert {"separating", "listening", "shifting", "converting", "mixing", "writing"} <= said["stage_s"].keys()
    assert [path for path in (folder / "data" / "conversions").rglob("*") if path.is_file()] == []
    assert kept_voices(folder) == 0


def test_what_ctrl_c_stops_goes_on_with_the_same_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (
        "convert", str(folder / "song.flac"), "--voice", str(folder / "me.wav"), "--consent", "self", "--keep",
        "--out", str(folder / "kept.flac"), "--key", "octaves", "--json",
    )  # fmt: skip

    stopped, said = run_and_press(folder, capsys, monkeypatch, *asked)
    pieces = pieces_of(folder)
    status, printed, _ = run(folder, capsys, *asked)

    made = json.loads(printed)
    assert (stopped, len(pieces)) == (130, 1)
    assert "goes on" in said
    assert status == 0
    assert made["voice_shift_semitones"] % 12 == 0
    assert made["accompaniment_shift_semitones"] == 0.0
    assert made["voice_id"].startswith("v-")
    assert (folder / "kept.flac").is_file()


def test_where_the_disk_fills_up_the_same_command_goes_on_when_there_is_room(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (
        "convert", str(folder / "song.flac"), "--voice", str(folder / "me.wav"), "--consent", "self", "--keep",
        "--out", str(folder / "roomy.ogg"), "--json",
    )  # fmt: skip

    with monkeypatch.context() as filled:
        filled.setattr(whole_files, "sync_to_disk", room_for(1))
        full, _, said = run(folder, capsys, *asked)
    kept = pieces_of(folder)
    waiting = json.loads(run(folder, capsys, "conversions", "list", "--json")[1])["conversions"][0]
    written: list[str] = []
    with monkeypatch.context() as watched:
        watched.setattr(whole_files, "sync_to_disk", lambda path: written.append(path.name))
        status, printed, _ = run(folder, capsys, *asked)

    made = json.loads(printed)
    assert (full, "DISK_FULL" in said, len(kept)) == (1, True, 1)
    assert (waiting["conversion_id"], waiting["state"]) == (made["conversion_id"], "queued")
    assert status == 0
    assert not [name for name in written if kept[0].name in name]
    assert (folder / "roomy.ogg").is_file()


def test_a_lent_voice_is_forgotten_in_time_though_its_song_was_never_finished(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("convert", str(folder / "song.flac"), "--voice", str(folder / "me.wav"), "--consent", "self")

    stopped, _ = run_and_press(folder, capsys, monkeypatch, *asked, "--out", str(folder / "lent.ogg"))
    lent = kept_voices(folder)
    with closing(sqlite3.connect(folder / "data" / "catalogue.db")) as database, database:
        ends = database.execute("UPDATE consents SET expire_time_us = 1 WHERE expire_time_us > 1").rowcount
    run(folder, capsys, "convert", "nowhere.flac", "--voice", "v-1", "--out", str(folder / "a.ogg"))

    assert (stopped, lent, ends) == (130, 1, 1)
    assert kept_voices(folder) == 0
    assert list((folder / "data" / "conversions" / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("song.flac", "--voice", "v-1", "--out", "a.ogg"), "VOICE_NOT_FOUND"),
        (("song.flac", "--voice", "me.wav", "--consent", "self", "--out", "nowhere/a.ogg"), "NOT_WRITABLE"),
        (("nowhere.flac", "--voice", "me.wav", "--consent", "self", "--out", "a.ogg"), "SONG_NOT_FOUND"),
        (("noise.flac", "--voice", "me.wav", "--consent", "self", "--out", "a.ogg"), "NO_SINGING"),
        (("song.flac", "--voice", "me.wav", "--out", "a.txt"), "end it in .ogg"),
        (("song.flac", "--voice", "me.wav", "--out", "a.ogg", "--detach"), "--keep"),
        (("song.flac", "--voice", "me.wav", "--out", "a.ogg", "--key", "high"), "whole number"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(folder)

    status, _, said = run(folder, capsys, "convert", *arguments)

    assert status != 0
    assert reason in said
    assert kept_voices(folder) == 0


def test_without_consent_nothing_is_learnt(folder: Path) -> None:
    asked = [
        "convert",
        str(folder / "song.flac"),
        "--voice",
        str(folder / "me.wav"),
        "--out",
        str(folder / "never.ogg"),
    ]

    said = CliRunner().invoke(group, [*asked, "--data-dir", str(folder / "untouched")], input="n\n")

    assert said.exit_code != 0
    assert "nothing of my voice is kept" in said.output
    assert not (folder / "never.ogg").exists()
    assert not (folder / "untouched").exists()


def test_a_conversion_may_be_left_to_a_worker(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("convert", str(folder / "song.flac"), "--voice", str(folder / "me.wav"), "--consent", "self", "--keep")

    status, printed, _ = run(folder, capsys, *asked, "--out", str(folder / "later.ogg"), "--detach", "--json")
    listed = run(folder, capsys, "conversions", "list", "--json")[1]

    said = json.loads(printed)
    assert (status, said["state"]) == (0, "queued")
    assert said["conversion_id"] in listed
    assert not (folder / "later.ogg").exists()
