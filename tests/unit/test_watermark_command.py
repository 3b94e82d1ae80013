"""`singalike watermark detect` says whether a file is marked, to people and to scripts."""

import json
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.watermark import embed
from singalike.conversion.writing import MadeBy, SoundFormat, write_sound
from singalike.services.cli.root import main
from singalike.services.conversion.watermark_key import watermark_key
from singalike.services.settings import read_settings
from tests.support.buzzing import buzzing_voice

KEY, OTHER_KEY = "a secret for this test", "the secret of another"


@pytest.fixture(scope="module")
def marked_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    noise = 0.02 * np.random.default_rng(0).standard_normal(12 * 16_000)
    sound = Sound((0.6 * buzzing_voice(12.0, vibrato_semitones=0.3) + noise)[None].astype(np.float32), 16_000)
    path = tmp_path_factory.mktemp("songs") / "marked.ogg"
    write_sound(path, embed(sound, KEY.encode(), 0xABCDEF), MadeBy("test 1", "0"), SoundFormat.OGG)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["watermark", "detect", *arguments])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_a_marked_file_is_found_by_its_key_only(
    marked_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SINGALIKE_WATERMARK_KEY", KEY)
    status, printed, _ = run(capsys, str(marked_file), "--json")
    monkeypatch.setenv("SINGALIKE_WATERMARK_KEY", OTHER_KEY)
    other_status, other_printed, _ = run(capsys, str(marked_file), "--json")

    found, other = json.loads(printed), json.loads(other_printed)
    assert (status, found["found"], found["payload"]) == (0, True, "0000000000abcdef")
    assert found["spans"] == [{"start_s": 0.0, "end_s": 12.0}]
    assert (other_status, other["found"], other["payload"], other["spans"]) == (3, False, None, [])


def test_people_read_one_line(
    marked_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SINGALIKE_WATERMARK_KEY", KEY)

    _, printed, _ = run(capsys, str(marked_file))

    assert "marked, payload 0000000000abcdef, 0 to 12 s" in printed


def test_without_a_key_that_of_the_data_folder_is_used(
    marked_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SINGALIKE_WATERMARK_KEY", raising=False)
    own = watermark_key(read_settings(data_dir=tmp_path))
    sound = Sound(np.random.default_rng(1).normal(0, 0.1, (1, 12 * 16_000)).astype(np.float32), 16_000)
    path = tmp_path / "own.wav"
    write_sound(path, embed(sound, own, 0x12), MadeBy("test 1", "0"), SoundFormat.WAV)

    status, printed, _ = run(capsys, str(path), "--data-dir", str(tmp_path), "--json")
    other_status, _, _ = run(capsys, str(marked_file), "--data-dir", str(tmp_path))

    assert (status, json.loads(printed)["payload"]) == (0, f"{0x12:016x}")
    assert other_status == 3


@pytest.mark.parametrize(("key", "reason"), [("", "WATERMARK_KEY_MISSING"), ("short", "WATERMARK_KEY_TOO_SHORT")])
def test_without_a_proper_key_nothing_is_looked_for(
    key: str,
    reason: str,
    marked_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SINGALIKE_WATERMARK_KEY", key)

    status, _, complaint = run(capsys, str(marked_file), "--data-dir", str(tmp_path))

    assert status == 2
    assert reason in complaint
