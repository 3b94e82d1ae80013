"""`singalike enrol` and what `singalike voices` says of such voices, as a person runs them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from singalike.errors import NotFoundError, SingalikeError
from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.conversion_records import Tenant
from singalike.services.settings import read_settings
from tests.support.conversion_stores import order
from tests.support.recordings import encode, tone
from tests.support.servers import use_fake_ear

RATE = 24_000
SUBJECT = "Mia Beispiel"
SONG = b"la la la, in the voice of Mia"


@pytest.fixture
def takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    use_fake_ear(monkeypatch)
    monkeypatch.setenv("SINGALIKE_MIN_FREE_DISK_MB", "0")
    monkeypatch.setenv("SINGALIKE_DATA_DIR", str(tmp_path / "data"))
    return [write(tmp_path / f"take{number}.flac", 7.0, 220.0 + number) for number in range(2)]


def write(path: Path, duration_s: float, f0_hz: float) -> Path:
    path.write_bytes(encode(tone(duration_s, RATE, f0_hz=f0_hz), RATE, "flac", "flac"))
    return path


def run(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(group, [*map(str, arguments)], standalone_mode=False, input=stdin)


def run_json(*arguments: str | Path) -> dict[str, Any]:
    ran = run(*arguments, "--json")
    assert ran.exception is None, ran.exception
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def reason_of(ran: Result) -> str:
    assert isinstance(ran.exception, SingalikeError), ran.exception
    return ran.exception.reason


def test_a_declared_consent_is_recorded_with_its_words_their_digest_and_time(takes: list[Path]) -> None:
    enrolled = run_json("enrol", *takes, "--subject", SUBJECT, "--consent", "self")

    consent = enrolled["consent"]
    assert run_json("voices", "show", enrolled["voice_id"]) == enrolled
    assert list(enrolled["engines"]) == ["world-retrieval"]
    assert (consent["subject"], consent["method"], consent["phrase"]) == (SUBJECT, "declared", "")
    assert "and sing with it" in consent["statement"]
    assert consent["statement_sha256"] == hashlib.sha256(consent["statement"].encode()).hexdigest()
    assert consent["time"] <= enrolled["create_time"]


def test_a_phrase_is_drawn_read_back_and_used_up(takes: list[Path], tmp_path: Path) -> None:
    phrase = run_json("enrol", "phrase", "--language", "ko")
    reading = write(tmp_path / "reading.flac", 4.0, 220.0)
    agreed = ("--subject", SUBJECT, "--consent", "self", "--read-back", reading, "--phrase-id", phrase["phrase_id"])

    consent = run_json("enrol", *takes, *agreed)["consent"]

    assert (consent["method"], consent["phrase"]) == ("read_back", phrase["text"])
    assert consent["read_back_likeness"] > 0.9
    assert consent["word_error_rate"] is None
    assert reason_of(run("enrol", *takes, *agreed)) == "PHRASE_NOT_FOUND"


def test_who_does_not_agree_is_not_enrolled(takes: list[Path]) -> None:
    asked = run("enrol", *takes, "--subject", SUBJECT, stdin="n\n")

    assert asked.exception is not None
    assert not (read_settings().data_dir / "catalogue.db").exists()


def test_a_reading_without_its_phrase_is_refused(takes: list[Path]) -> None:
    asked = run("enrol", *takes, "--subject", SUBJECT, "--consent", "self", "--read-back", takes[0])

    assert "--phrase-id" in str(asked.exception)


def test_what_engines_cannot_learn_from_is_refused(takes: list[Path], tmp_path: Path) -> None:
    short = write(tmp_path / "short.flac", 3.0, 220.0)

    assert reason_of(run("enrol", short, "--subject", SUBJECT, "--consent", "self")) == "TOO_LITTLE_VOICE"


def test_a_consent_is_taken_back_when_asked_and_its_record_stays(takes: list[Path]) -> None:
    voice_id = run_json("enrol", *takes, "--subject", SUBJECT, "--consent", "self")["voice_id"]

    refused = run("voices", "revoke", voice_id, stdin="n\n")
    before = run_json("voices", "show", voice_id)
    revoked = run_json("voices", "revoke", voice_id, "--yes")

    assert refused.exception is not None
    assert before["consent"]["revoke_time"] is None
    assert (revoked["engines"], revoked["voice_s"]) == ({}, 0.0)
    assert revoked["consent"] == {**before["consent"], "revoke_time": revoked["consent"]["revoke_time"]}
    assert run_json("voices", "show", voice_id) == revoked
    assert SUBJECT in run("voices", "show", voice_id).stdout


@pytest.mark.parametrize("revoked", [False, True])
def test_of_an_erased_voice_no_byte_is_left(takes: list[Path], tmp_path: Path, revoked: bool) -> None:
    phrase = run_json("enrol", "phrase")
    reading = write(tmp_path / "reading.flac", 4.0, 220.0)
    agreed = ("--consent", "self", "--read-back", reading, "--phrase-id", phrase["phrase_id"])
    voice_id = run_json("enrol", *takes, "--subject", SUBJECT, *agreed)["voice_id"]
    traces = [*(text.encode() for text in (voice_id, SUBJECT, phrase["text"], phrase["phrase_id"])), *arrays(voice_id)]
    sing(voice_id)
    kept = traces_in(read_settings().data_dir, traces)

    if revoked:
        run_json("voices", "revoke", voice_id, "--yes")
    erased = run_json("voices", "erase", voice_id, "--yes")

    assert len(kept) >= len(traces) - 1  # the id of the phrase goes with its use
    assert erased == {"removed": voice_id}
    assert traces_in(read_settings().data_dir, [*traces, SONG]) == []
    assert isinstance(run("voices", "show", voice_id).exception, NotFoundError)


def sing(voice_id: str) -> None:
    """Leave a conversion with a finished song behind."""
    conversions = bootstrap.open_conversions(read_settings())
    conversion_id = conversions.add_conversion(Tenant(), order(voice_id)).conversion_id
    conversions.close()
    song = bootstrap.open_conversion_folder(read_settings()).song_path(conversion_id, "ogg")
    song.write_bytes(SONG)


def arrays(voice_id: str) -> list[bytes]:
    """Bytes of what the ear and the engine know of a voice, as they lie in the database."""
    targets = bootstrap.open_targets(read_settings())
    learnt = targets.load_target_voice(voice_id, "world-retrieval").arrays
    heard = targets.load_profile(voice_id)
    targets.close()
    widest = max(learnt.values(), key=lambda array: array.nbytes)
    return [np.ascontiguousarray(part).tobytes()[:512] for part in (widest, heard.timbre, heard.segments.style[0])]


def traces_in(folder: Path, traces: list[bytes]) -> list[bytes]:
    """Which of these bytes stand in any file below a folder."""
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [trace for trace in traces if any(trace in content for content in contents)]
