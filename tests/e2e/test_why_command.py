"""`singalike why`, and the sentences of `singalike recommend`, as a person runs them, with a small ear."""

import json
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result

from singalike.errors import NotFoundError
from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.singer_ids import singer_id_of
from tests.support.hummers import EAR, SAMPLE_RATE, hum, write_hummers


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of five hummers with two tracks each."""
    folder = tmp_path_factory.mktemp("catalogue")
    write_hummers(folder, 5, 2)
    return folder


@pytest.fixture(autouse=True)
def _small_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "load_encoder", lambda _settings: EAR)


def voice(folder: Path, seconds: float = 12.0) -> Path:
    """Another take of the third hummer."""
    path = folder / "voice.wav"
    soundfile.write(path, hum(3, 7, seconds), SAMPLE_RATE)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments], standalone_mode=False)


def test_a_singer_named_in_any_case_is_explained_with_the_evidence(data_dir: Path, tmp_path: Path) -> None:
    result = run("why", voice(tmp_path), "[BOLD]hummer 3", "--data-dir", data_dir)

    assert "[bold]Hummer 3 stands at place 1 of 5 by score and is on the first page." in " ".join(result.stdout.split())
    assert "timbre" in result.stdout


def test_the_json_of_why_holds_rank_gaps_and_evidence(data_dir: Path, tmp_path: Path) -> None:
    singer_id = singer_id_of("[bold]Hummer 0")

    result = run("why", voice(tmp_path), singer_id, "--data-dir", data_dir, "--k", "2", "--lang", "ko", "--json")

    answer = json.loads(result.stdout)
    assert answer["singer"]["singer_id"] == singer_id
    assert answer["ranked_count"] == 5
    assert answer["barriers"] == []
    assert sum(answer["gaps"].values()) <= 1.0
    assert all(part["text"] for part in answer["singer"]["evidence"])
    assert answer["explanation"].endswith(".")


def test_a_name_that_nobody_has_is_refused(data_dir: Path, tmp_path: Path) -> None:
    result = run("why", voice(tmp_path), "Nobody", "--data-dir", data_dir)

    assert isinstance(result.exception, NotFoundError)


def test_part_of_a_name_is_refused_with_the_ids_that_may_be_meant(data_dir: Path, tmp_path: Path) -> None:
    result = run("why", voice(tmp_path), "hummer 3", "--data-dir", data_dir)

    assert isinstance(result.exception, NotFoundError)
    assert singer_id_of("[bold]Hummer 3") in str(result.exception)


def test_a_seed_stands_for_the_voice_and_one_singer_is_asked_for(data_dir: Path, tmp_path: Path) -> None:
    seed = ("--seed", f"singer:{singer_id_of('[bold]Hummer 0')}", "--data-dir", data_dir)

    seeded, too_many = run("why", "[bold]Hummer 3", *seed), run("why", voice(tmp_path), "Hummer", "3", *seed)

    assert "[bold]Hummer 3 stands at place" in " ".join(seeded.stdout.split())
    assert "one SINGER" in str(too_many.exception.format_message())  # type: ignore[union-attr]


def test_the_list_says_why_beside_the_likeness(data_dir: Path, tmp_path: Path) -> None:
    result = run("recommend", voice(tmp_path), "--data-dir", data_dir)

    told = " ".join(result.stdout.split())
    assert "closer than" in told
    assert "1 Your voice is closer to [bold]Hummer 3's than" in told
    assert "1 Hum 3 no." in told


def test_too_short_a_voice_is_told_what_is_missing_instead_of_names(data_dir: Path, tmp_path: Path) -> None:
    short = voice(tmp_path, seconds=1.5)

    table, answer = (
        run("recommend", short, "--data-dir", data_dir),
        run("recommend", short, "--data-dir", data_dir, "--json"),
    )

    assert "too little to name anybody" in " ".join(table.stdout.split())
    assert "--even-if-unsure" in table.stdout
    assert "Hummer" not in table.stdout
    assert json.loads(answer.stdout)["abstention"]["reason"] == "MORE_VOICE_NEEDED"
    assert json.loads(answer.stdout)["singers"] == []
