"""What may stand in a manifest, and what is said about the rest."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from singalike.errors import InvalidInputError
from singalike.services.manifest import Manifest, Tags, read_manifest
from singalike.services.records import TrackInfo


def _no_tags(files: Sequence[Path]) -> list[Tags]:
    return [{} for _ in files]


def _read(path: Path) -> Manifest:
    return read_manifest(path, _no_tags)


def _csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "songs.csv"
    path.write_text(text, encoding)
    return path


def test_a_csv_names_recordings_beside_itself(tmp_path: Path) -> None:
    header = "audio,singer,title,genre,language,gender,isrc,channel\n"
    manifest = _read(_csv(tmp_path, header + "a/1.mp3,아이유,밤편지,발라드,ko,F,KRA381702222,right\n", "utf-8-sig"))

    (item,) = manifest.items
    assert item.path == str(tmp_path / "a" / "1.mp3")
    assert item.info == TrackInfo("아이유", "밤편지", "발라드", "ko", "KRA381702222", "female")
    assert item.channel == "right"


def test_only_audio_singer_and_title_are_needed(tmp_path: Path) -> None:
    manifest = _read(_csv(tmp_path, "title,audio,singer\nOne,/abs/1.mp3,Ann\n"))

    (item,) = manifest.items
    assert (item.path, item.info, item.channel) == ("/abs/1.mp3", TrackInfo("Ann", "One"), "mix")


def test_json_lines_and_parquet_say_the_same_as_csv(tmp_path: Path) -> None:
    rows = [{"audio": "1.mp3", "singer": "Ann", "title": "One", "gender": "male", "genre": None}]
    (tmp_path / "songs.jsonl").write_text("\n".join(["", *map(json.dumps, rows)]) + "\n", "utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "songs.parquet")
    _csv(tmp_path, "audio,singer,title,gender\n1.mp3,Ann,One,male\n")

    read = [_read(tmp_path / f"songs.{suffix}") for suffix in ("csv", "jsonl", "parquet")]

    assert read[0].items == read[1].items == read[2].items
    assert [manifest.refused for manifest in read] == [(), (), ()]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (",Ann,One,,", "no audio"),
        ("1.mp3, ,One,,", "no singer"),
        ("1.mp3,Ann,,,", "no title"),
        ("1.mp3,Ann,One,robot,", "gender"),
        ("1.mp3,Ann,One,,middle", "channel"),
        ("1.mp3,Ann,One,,mix,too many", "fields"),
        (f"1.mp3,{'A' * 501},One,,", "500"),
        ("1.mp3,An\x1bn,One,,", "control"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_stay(tmp_path: Path, row: str, word: str) -> None:
    manifest = _read(
        _csv(tmp_path, f"audio,singer,title,gender,channel\n0.mp3,Bob,Zero,,\n{row}\n2.mp3,Cy,Two,x,left\n")
    )

    assert [item.info.singer for item in manifest.items] == ["Bob", "Cy"]
    ((place, reason, message),) = manifest.refused
    assert (place, reason) == (f"{tmp_path / 'songs.csv'}:3", "BAD_ROW")
    assert word in message


def test_lines_that_are_no_json_objects_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "songs.jsonl"
    path.write_text('{"audio": "1.mp3", "singer": "Ann", "title": 1999}\n{broken\n[1]\n', "utf-8")

    manifest = _read(path)

    assert [item.info.title for item in manifest.items] == ["1999"]
    assert [place for place, _, _ in manifest.refused] == [f"{path}:2", f"{path}:3"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("songs.csv", b"audio,singer\n1.mp3,Ann\n"),
        ("songs.csv", b""),
        ("songs.csv", b"audio,singer,title\n\xff\xfe,x,y\n"),
        ("songs.csv", b'audio,singer,title\n"1.mp3,Ann,One\n'),
        ("songs.parquet", b"PAR1 no parquet"),
        ("songs.txt", b"audio,singer,title\n"),
    ],
)
def test_what_is_no_manifest_is_refused_as_a_whole(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidInputError) as refusal:
        _read(tmp_path / name)

    assert refusal.value.reason == "BAD_MANIFEST"


def test_folders_name_singers_and_files_name_songs(tmp_path: Path) -> None:
    for name in ("Ann/01 - One.MP3", "Ann/Album/7 rings.wav", "Bob/Two.flac", "Bob/cover.jpg", "loose.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    manifest = _read(tmp_path)

    named = {(item.info.singer, item.info.title): Path(item.path).relative_to(tmp_path) for item in manifest.items}
    assert named == {
        ("Ann", "One"): Path("Ann/01 - One.MP3"),
        ("Ann", "7 rings"): Path("Ann/Album/7 rings.wav"),
        ("Bob", "Two"): Path("Bob/Two.flac"),
    }
    assert [(place, reason) for place, reason, _ in manifest.refused] == [(str(tmp_path / "loose.wav"), "BAD_ROW")]


def test_a_relative_folder_is_not_named_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "songs" / "Ann").mkdir(parents=True)
    (tmp_path / "songs" / "Ann" / "One.wav").touch()
    monkeypatch.chdir(tmp_path)

    (item,) = _read(Path("songs")).items

    assert Path(item.path) == Path("songs/Ann/One.wav")


def test_tags_win_over_names(tmp_path: Path) -> None:
    (tmp_path / "X").mkdir()
    (tmp_path / "X" / "y.mp3").touch()
    tags = {"artist": "Ann", "title": "One", "genre": "pop", "isrc": "USX"}

    (item,) = read_manifest(tmp_path, lambda files: [tags for _ in files]).items

    assert item.info == TrackInfo("Ann", "One", "pop", None, "USX", None)
