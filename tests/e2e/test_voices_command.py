"""`singalike voices` as a person runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from singalike.errors import NotFoundError
from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.settings import read_settings
from tests.support.recordings import encode, tone
from tests.support.servers import use_fake_ear


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_fake_ear(monkeypatch)
    monkeypatch.setenv("SINGALIKE_MIN_FREE_DISK_MB", "0")
    monkeypatch.setenv("SINGALIKE_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "me.mp3"
    path.write_bytes(encode(tone(4.0), 44_100, "mp3", "libmp3lame"))
    return path


def run(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(group, ["voices", *map(str, arguments)], standalone_mode=False, input=stdin)


def test_a_voice_is_enrolled_with_consent_shown_and_erased(recording: Path) -> None:
    enrolled = json.loads(run("enrol", recording, "--subject", "Mia", "--consent", "self", "--json").stdout)
    shown = json.loads(run("show", enrolled["voice_id"], "--json").stdout)
    erased = json.loads(run("erase", enrolled["voice_id"], "--yes", "--json").stdout)

    assert shown == enrolled
    assert shown["voice"]["voice_gender"] in {"female", "male", "undecided"}
    assert "Mia" not in json.dumps(shown)
    assert erased == {"removed": enrolled["voice_id"]}
    assert isinstance(run("show", enrolled["voice_id"]).exception, NotFoundError)


def test_who_does_not_agree_is_not_enrolled(recording: Path) -> None:
    asked = run("enrol", recording, "--subject", "Mia", stdin="n\n")

    assert asked.exception is not None
    assert not Path(read_settings().data_dir / "catalogue.db").exists()


def test_the_consent_is_recorded_with_its_words_and_time(recording: Path) -> None:
    voice_id = json.loads(run("enrol", recording, "--subject", "Mia", "--json", stdin="y\n").stdout)["voice_id"]

    catalogue = bootstrap.open_catalogue(read_settings())
    consent = catalogue.get_voice(voice_id).consent
    catalogue.close()
    assert consent.subject == "Mia"
    assert "vectors of my voice" in consent.statement
