"""`singalike ingest`, `singers` and `tracks` as a person runs them; only the ear is a small one."""

import json
from collections.abc import Iterator
from pathlib import Path

import av
import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.index_follower import IndexFollower
from singalike.services.settings import read_settings
from tests.support.fake_ear import FakeEar
from tests.support.folders import quick_folder

RATE = 16_000


def _tone(hz: float, seconds: float = 6.5) -> np.ndarray:
    time_s = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hz * time_s) * (1 + 0.2 * np.sin(2 * np.pi * 5 * time_s))).astype(np.float32)


def _write_tagged(path: Path, waveform: np.ndarray, **tags: str) -> None:
    with av.open(str(path), "w") as container:
        container.metadata.update(tags)
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((waveform[None] * 32767).astype(np.int16), "s16", "mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two singers by folder, one by tags, and a file that is no sound."""
    folder = tmp_path_factory.mktemp("songs")
    for singer, title, hz in (("Ann", "One", 220), ("Ann", "Two", 247), ("밥", "Three", 110)):
        (folder / singer).mkdir(exist_ok=True)
        soundfile.write(folder / singer / f"{title}.wav", _tone(hz), RATE)
    _write_tagged(folder / "track07.flac", _tone(330), ARTIST="Cy", TITLE="Four", GENRE="jazz")
    (folder / "Ann" / "notes.mp3").write_text("not a sound, but long enough to be looked at")
    return folder


@pytest.fixture
def data_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(bootstrap, "load_encoder", lambda _settings: FakeEar())
    monkeypatch.setenv("SINGALIKE_MIN_FREE_DISK_MB", "0")
    with quick_folder() as folder:
        yield folder / "data"


def _run(*arguments: str | Path, data_dir: Path, stdin: str = "") -> Result:
    words = [*map(str, arguments), "--data-dir", str(data_dir)]
    return CliRunner().invoke(group, words, standalone_mode=False, input=stdin)


def _json(result: Result) -> dict:
    return json.loads(result.stdout)


def test_a_folder_is_taken_in_and_refusals_are_told(songs: Path, data_dir: Path) -> None:
    result = _run("ingest", songs, "--a-cappella", "--json", data_dir=data_dir)

    report = _json(result)
    assert result.return_value == 0
    assert (len(report["added"]), report["unchanged"], report["interrupted"]) == (4, [], False)
    ((path, reason),) = [(Path(row["path"]).name, row["reason"]) for row in report["refused"]]
    assert (path, reason) == ("notes.mp3", "UNKNOWN_FORMAT")


def test_a_second_ingest_changes_nothing_and_succeeds(songs: Path, data_dir: Path) -> None:
    first = _run("ingest", songs, "--a-cappella", "--json", data_dir=data_dir)

    second = _run("ingest", songs, "--a-cappella", "--json", data_dir=data_dir)

    assert second.return_value == 0
    assert sorted(_json(second)["unchanged"]) == sorted(_json(first)["added"])


def test_the_report_for_people_says_what_was_refused_and_why(songs: Path, data_dir: Path) -> None:
    result = _run("ingest", songs, "--separator", "identity", data_dir=data_dir)

    assert result.stdout == "4 added, 0 updated, 0 unchanged, 1 refused\n"
    assert "notes.mp3" in result.stderr
    assert "[UNKNOWN_FORMAT]" in result.stderr


def test_when_everything_is_refused_the_status_says_so(songs: Path, data_dir: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "songs.csv"
    manifest.write_text(f"audio,singer,title\n{songs / 'Ann' / 'notes.mp3'},Ann,Notes\nabsent.wav,Ann,No\n,Ann,None\n")

    result = _run("ingest", manifest, "--json", data_dir=data_dir)

    assert result.return_value == 1
    assert [row["reason"] for row in _json(result)["refused"]] == ["BAD_ROW", "UNKNOWN_FORMAT", "AUDIO_NOT_FOUND"]
    assert _json(result)["refused"][0]["path"] == f"{manifest}:4"


def test_mixtures_of_a_manifest_are_separated_by_default(songs: Path, data_dir: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "songs.jsonl"
    row = {"audio": str(songs / "Ann" / "One.wav"), "singer": "Ann", "title": "One", "gender": "f", "language": "en"}
    manifest.write_text(json.dumps(row))

    _run("ingest", manifest, data_dir=data_dir)

    (track,) = _json(_run("tracks", "list", "--json", data_dir=data_dir))["tracks"]
    assert track["separator"] == "unet"
    assert (track["info"]["voice_gender"], track["info"]["language"]) == ("female", "en")


def test_singers_and_tracks_are_listed_in_pages(songs: Path, data_dir: Path) -> None:
    _run("ingest", songs, "--a-cappella", data_dir=data_dir)

    singers = _json(_run("singers", "list", "--json", data_dir=data_dir))
    first = _json(_run("tracks", "list", "--page-size", "3", "--json", data_dir=data_dir))
    token = first["next_page_token"]
    second = _json(_run("tracks", "list", "--page-size", "3", "--page-token", token, "--json", data_dir=data_dir))
    everything = _json(_run("tracks", "list", "--page-size", "1", "--all", "--json", data_dir=data_dir))

    assert {(singer["name"], singer["track_count"]) for singer in singers["singers"]} == {
        ("Ann", 2),
        ("밥", 1),
        ("Cy", 1),
    }
    assert first["tracks"] + second["tracks"] == everything["tracks"]
    assert (first["total_size"], second["next_page_token"]) == (4, "")


def test_lists_for_people_hold_names_and_filters(songs: Path, data_dir: Path) -> None:
    _run("ingest", songs, "--a-cappella", data_dir=data_dir)

    jazz = _run("tracks", "list", "--genre", "jazz", data_dir=data_dir)
    ann = _run("singers", "list", "--name", "AN", data_dir=data_dir)

    assert "Four" in jazz.stdout
    assert "One" not in jazz.stdout
    assert "Ann" in ann.stdout
    assert "밥" not in ann.stdout


def test_removing_asks_first(songs: Path, data_dir: Path) -> None:
    _run("ingest", songs, "--a-cappella", data_dir=data_dir)

    kept = _run("singers", "remove", "ann", data_dir=data_dir, stdin="n\n")
    removed = _run("singers", "remove", "ann", data_dir=data_dir, stdin="y\n")

    assert isinstance(kept.exception, click.Abort)
    assert removed.stdout.startswith("removed ann with 2 tracks")
    assert _json(_run("singers", "list", "--json", data_dir=data_dir))["total_size"] == 2


def test_a_removed_track_leaves_no_byte_in_the_data_folder(songs: Path, data_dir: Path) -> None:
    added = _json(_run("ingest", songs, "--a-cappella", "--json", data_dir=data_dir))["added"]
    settings, ear = read_settings(data_dir=data_dir), FakeEar()
    catalogue = bootstrap.open_catalogue(settings)
    index = bootstrap.open_index(settings, ear.timbre_dim, ear.style_dim)
    IndexFollower(catalogue, index, ear.model_version).start()
    profile = catalogue.get_track(added[1]).profile
    index.close()
    catalogue.close()
    traces = [profile.timbre.tobytes(), profile.segments.timbre[0].tobytes(), profile.segments.style[1].tobytes()]
    assert any(_holding(data_dir, trace) for trace in traces)

    result = _run("tracks", "remove", added[1], "--yes", "--json", data_dir=data_dir)

    assert _json(result) == {"removed": added[1], "index_erased": True}
    assert [_holding(data_dir, trace) for trace in traces] == [[], [], []]


def test_a_removal_beside_a_running_server_is_left_to_its_index(songs: Path, data_dir: Path) -> None:
    (track_id, *_) = _json(_run("ingest", songs, "--a-cappella", "--json", data_dir=data_dir))["added"]
    settings, ear = read_settings(data_dir=data_dir), FakeEar()
    catalogue = bootstrap.open_catalogue(settings)
    index = bootstrap.open_index(settings, ear.timbre_dim, ear.style_dim)
    follower = IndexFollower(catalogue, index, ear.model_version)
    before = follower.start()

    result = _run("tracks", "remove", track_id, "--yes", "--json", data_dir=data_dir)
    follower.catch_up()

    assert _json(result)["index_erased"] is False
    assert index.state().count == before.count - 2
    index.close()
    catalogue.close()


def _holding(folder: Path, content: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]
