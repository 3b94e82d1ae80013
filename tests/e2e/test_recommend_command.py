"""`singalike recommend` and `singalike map` as a person runs them, with a small ear."""

import json
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
import soundfile
from click.testing import CliRunner, Result

from singalike.embeddings import encoder
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.settings import read_settings
from singalike.services.singer_ids import singer_id_of
from tests.support.hummers import EAR, SAMPLE_RATE, hum, write_hummers

SUM_TOLERANCE = 1e-6

HUMMER_3 = singer_id_of("[bold]Hummer 3")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of six hummers with three tracks each."""
    folder = tmp_path_factory.mktemp("catalogue")
    write_hummers(folder, 6, 3, ("folk", "rock"))
    return folder


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """Another take of the third hummer."""
    path = tmp_path / "voice.wav"
    soundfile.write(path, hum(3, 7), SAMPLE_RATE)
    return path


@pytest.fixture(autouse=True)
def _small_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "load_encoder", lambda _settings: EAR)
    monkeypatch.setattr(encoder, "model_version", lambda *_: EAR.model_version)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments], standalone_mode=False)


def test_the_json_is_what_programs_rely_on(data_dir: Path, voice: Path) -> None:
    result = run("recommend", voice, "--data-dir", data_dir, "--k", "3", "--json")

    answer = json.loads(result.stdout)
    assert {"singers", "songs", "voice", "notes", "next_page_token", "summary"} <= set(answer)
    assert answer["summary"]["preset"].startswith("voice-singers@")
    assert len(answer["singers"]) == 3
    assert answer["singers"][0]["singer_id"] == HUMMER_3
    for singer in answer["singers"]:
        assert {"singer_id", "name", "score", "signals", "moments"} <= set(singer)
        assert sum(singer["signals"].values()) == pytest.approx(singer["score"], abs=SUM_TOLERANCE)
    for song in answer["songs"]:
        assert {"track_id", "title", "singer_id", "score", "signals", "key_shift_semitones"} <= set(song)
        assert {"in_range_before", "in_range_after"} <= set(song)
        assert sum(song["signals"].values()) == pytest.approx(song["score"], abs=SUM_TOLERANCE)
    assert {"range", "female_probability", "quality"} <= set(answer["voice"])


def test_the_table_names_singers_as_their_owner_writes_them(data_dir: Path, voice: Path) -> None:
    result = run("recommend", voice, "--data-dir", data_dir, "--k", "2")

    assert "[bold]Hummer" in " ".join(result.stdout.replace("│", " ").split())
    assert "your voice:" in result.stdout


def test_pages_follow_each_other_from_one_command_to_the_next(data_dir: Path, voice: Path) -> None:
    asked = ("recommend", voice, "--data-dir", data_dir, "--only", "singers", "--k", "4", "--json")

    first = json.loads(run(*asked).stdout)
    second = json.loads(run(*asked, "--page-token", first["next_page_token"]).stdout)

    found = [singer["singer_id"] for page in (first, second) for singer in page["singers"]]
    assert len(found) == len(set(found)) == 6
    assert second["next_page_token"] == ""
    assert first["songs"] == []


def test_a_seed_stands_for_a_voice_and_is_not_suggested(data_dir: Path) -> None:
    result = run("recommend", "--data-dir", data_dir, "--seed", f"singer:{HUMMER_3}", "--json")

    answer = json.loads(result.stdout)
    assert answer["voice"] is None
    assert len(answer["singers"]) == 5
    assert HUMMER_3 not in {singer["singer_id"] for singer in answer["singers"]}


@pytest.mark.parametrize("wrong", [("--seed", "anybody"), ("--seed", "singer:x:much"), ("--weight", "timbre"),
                                   ("--page-token", "x")])  # fmt: skip
def test_an_option_that_cannot_be_read_is_refused_by_name(data_dir: Path, voice: Path, wrong: tuple[str, str]) -> None:
    result = run("recommend", voice, "--data-dir", data_dir, *wrong)

    assert isinstance(result.exception, click.UsageError)
    assert wrong[0] in result.exception.format_message()


def test_presets_are_listed_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"name": "house", "version": 3, "ranks": "singers", "weights": {"timbre": 3, "style": 1}}
    (tmp_path / "house.json").write_text(json.dumps(own), "utf-8")
    monkeypatch.setenv("SINGALIKE_PRESETS", str(tmp_path))

    listed, shown = run("presets", "list"), json.loads(run("presets", "show", "house", "--json").stdout)

    assert "house@3" in listed.stdout
    assert "* voice-singers@" in listed.stdout
    assert shown["weights"] == {"timbre": 3.0, "style": 1.0}


def test_identify_gives_probabilities_that_programs_can_rely_on(data_dir: Path, voice: Path) -> None:
    result = run("identify", voice, "--data-dir", data_dir, "--k", "6", "--json")

    answer = json.loads(result.stdout)
    assert answer["singers"][0]["singer_id"] == HUMMER_3
    assert len(answer["singers"]) == answer["singer_count"] == 6
    assert answer["named_probability"] + answer["probability_of_none"] == pytest.approx(1.0, abs=SUM_TOLERANCE)
    assert answer["catalogue_revision"] > 0


def test_identify_prints_names_as_their_owner_writes_them_and_nobody(data_dir: Path, voice: Path) -> None:
    result = run("identify", voice, "--data-dir", data_dir, "--k", "1")

    assert "[bold]Hummer 3" in result.stdout
    assert "nobody in the catalogue" in result.stdout
    assert "6 singers compared" in result.stdout


def test_identify_refuses_an_empty_catalogue(tmp_path: Path, voice: Path) -> None:
    result = run("identify", voice, "--data-dir", tmp_path)

    assert isinstance(result.exception, WrongStateError)
    assert result.exception.reason == "CATALOGUE_EMPTY"


def test_an_excluded_singer_stays_away(data_dir: Path, voice: Path) -> None:
    result = run("recommend", voice, "--data-dir", data_dir, "--exclude-singer", HUMMER_3, "--json")

    answer = json.loads(result.stdout)
    assert len(answer["singers"]) == 5
    assert HUMMER_3 not in {found["singer_id"] for found in answer["singers"] + answer["songs"]}


def test_an_index_that_a_server_owns_is_done_without(data_dir: Path, voice: Path) -> None:
    owned = bootstrap.open_index(read_settings(data_dir=data_dir), EAR.timbre_dim, EAR.style_dim)
    try:
        result = run("recommend", voice, "--data-dir", data_dir, "--json")
    finally:
        owned.close()

    assert "a running server owns the index" in result.stderr
    assert json.loads(result.stdout)["singers"][0]["singer_id"] == HUMMER_3


def test_an_empty_catalogue_says_so(tmp_path: Path, voice: Path) -> None:
    result = run("recommend", voice, "--data-dir", tmp_path)

    assert isinstance(result.exception, WrongStateError)
    assert result.exception.reason == "CATALOGUE_EMPTY"


def test_something_that_is_no_sound_is_refused(data_dir: Path, tmp_path: Path) -> None:
    text = tmp_path / "voice.mp3"
    text.write_text("la la la")

    result = run("recommend", text, "--data-dir", data_dir)

    assert isinstance(result.exception, InvalidInputError)


def test_a_page_needs_no_network(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.html"

    result = run("map", "--out", out, "--data-dir", data_dir, "--colour", "genre")

    page = out.read_text("utf-8")
    assert "trustworthiness" in result.stdout
    assert "<script src=" not in page
    assert "Hummer 5" in page


def test_the_same_seed_gives_the_same_table(data_dir: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    facts = [
        json.loads(run("map", "--out", path, "--data-dir", data_dir, "--seed", "5", "--json").stdout) for path in paths
    ]

    first, second = (pq.read_table(path) for path in paths)

    assert first.equals(second)
    assert {"x", "y", "singer", "singer_id", "gender"} <= set(first.column_names)
    assert first.num_rows == 6
    assert facts[0]["trustworthiness"] == facts[1]["trustworthiness"]
    assert 0.0 <= facts[0]["trustworthiness"] <= 1.0


def test_a_picture_is_a_picture(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"

    run("map", "--out", out, "--data-dir", data_dir, "--colour", "range")

    assert out.read_bytes().startswith(b"\x89PNG")


def test_a_map_of_too_few_singers_is_refused_kindly(tmp_path: Path) -> None:
    result = run("map", "--out", tmp_path / "map.html", "--data-dir", tmp_path / "nothing")

    assert isinstance(result.exception, WrongStateError)
    assert result.exception.reason == "TOO_FEW_SINGERS"


def test_an_unknown_map_format_is_refused_before_any_work(tmp_path: Path) -> None:
    result = run("map", "--out", tmp_path / "map.gif", "--data-dir", tmp_path / "nothing")

    assert isinstance(result.exception, InvalidInputError)
    assert result.exception.reason == "BAD_MAP_FORMAT"
    assert not (tmp_path / "nothing").exists()
