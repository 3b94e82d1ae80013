"""`singalike serve` with a worker: another process enrols a voice and has the song sung that was proposed to it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.synthesis import draw_singer
from singalike.services.cli import main
from singalike.services.demo.catalogue import make_track
from tests.support.example_blocks import python_blocks
from tests.support.processes import ServerProcess, started_server
from tests.support.sung_takes import as_flac, take

PAGE = Path(__file__).parents[2] / "docs" / "conversion.md"
SONG_S = 9.0

CALLER = """
import json, sys
from singalike.client import Client, TrackDescription, VoiceId

embedding, recommender, conversion, folder = sys.argv[1:]
with Client(embedding, recommender, conversion, deadline_s=120) as client:
    client.index_track(f"{folder}/song.flac", TrackDescription("A Singer", "A Song"))
    phrase = client.create_consent_phrase()
    voice = client.create_voice_profile(
        [f"{folder}/take-0.flac", f"{folder}/take-1.flac"],
        f"{folder}/reading.flac",
        phrase_id=phrase.phrase_id,
        subject="mia",
        statement="You may sing with my voice.",
    )
    proposed = client.recommend_songs(VoiceId(voice.voice_id)).songs[0].conversion
    asked = client.create_conversion(proposed)
    news = list(client.watch_conversion(asked.conversion_id))
    song = client.download_conversion(asked.conversion_id, f"{folder}/sung.ogg")
    print(json.dumps({
        "voice_id": voice.voice_id,
        "conversion_id": asked.conversion_id,
        "key": [proposed.key_shift_semitones, client.get_conversion(asked.conversion_id).key_shift_semitones],
        "states": [one.state for one in news],
        "stages": list(dict.fromkeys(one.progress.stage for one in news)),
        "sequences": [one.sequence for one in news],
        "size": song.size_bytes,
        "engine": song.engine,
    }))
"""


@dataclass(frozen=True)
class Sung:
    """What the caller did and was told.

    Attributes:
        server: Still runs.
        folder: With the recordings and the song; "data" in it is the server's.
        told: What the caller printed.
    """

    server: ServerProcess
    folder: Path
    told: dict[str, object]


@pytest.fixture(scope="module")
def sung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sung]:
    folder = tmp_path_factory.mktemp("conversion")
    singer = draw_singer(np.random.default_rng(3), "female")
    (folder / "song.flac").write_bytes(as_flac(make_track(singer, "pop", SONG_S, np.random.default_rng(3))))
    (folder / "reading.flac").write_bytes(as_flac(take(8, 9, 6.0)))
    for number in range(2):
        (folder / f"take-{number}.flac").write_bytes(as_flac(take(8, number, 9.0)))
    with started_server(folder, {"SINGALIKE_KEEP_SONGS": "true"}, workers=1) as server:
        addresses = [server.embedding, server.recommender, server.conversion]
        command = [sys.executable, "-c", CALLER, *addresses, str(folder)]
        called = subprocess.run(command, capture_output=True, text=True, check=False)
        assert called.returncode == 0, called.stderr + server.log.read_text("utf-8")
        yield Sung(server, folder, json.loads(called.stdout))


def test_what_was_proposed_is_sung_in_the_enrolled_voice(sung: Sung) -> None:
    told = sung.told

    assert told["states"][0] == "queued"  # type: ignore[index]
    assert told["states"][-1] == "succeeded"  # type: ignore[index]
    assert told["stages"][-1] == "done"  # type: ignore[index]
    assert "converting" in told["stages"]  # type: ignore[operator]
    assert told["sequences"] == list(range(1, len(told["sequences"]) + 1))  # type: ignore[arg-type]
    assert told["key"][0] == told["key"][1]  # type: ignore[index]


def test_the_downloaded_song_is_as_long_as_the_one_that_was_taken_in(sung: Sung) -> None:
    info = soundfile.info(sung.folder / "sung.ogg")

    assert info.duration == pytest.approx(SONG_S, abs=0.05)
    assert (sung.folder / "sung.ogg").stat().st_size == sung.told["size"]


@pytest.fixture
def run(sung: Sung, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `singalike conversions` on the server's data; answers what it prints, on stderr where it fails."""

    def run_command(*arguments: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["conversions", *arguments, "--data-dir", str(sung.folder / "data")])
        printed = capsys.readouterr()
        assert ended.value.code == status, printed.err
        return printed.out if status == 0 else printed.err

    return run_command


def test_the_command_line_sees_saves_and_erases_what_the_service_made(sung: Sung, run: Callable[..., str]) -> None:
    conversion_id = str(sung.told["conversion_id"])
    listed = json.loads(run("list", "--json"))
    shown = run("show", conversion_id)
    watched = [json.loads(line) for line in run("watch", conversion_id, "--json").splitlines()]
    saved = sung.folder / "again.ogg"
    run("save", conversion_id, "--out", str(saved))
    refused = run("cancel", conversion_id, status=1)
    run("delete", conversion_id, "--yes")
    gone = run("show", conversion_id, status=2)

    assert [one["conversion_id"] for one in listed["conversions"]] == [conversion_id]
    assert shown.startswith(f"{conversion_id}  succeeded\n")
    assert [news["sequence"] for news in watched] == sung.told["sequences"]
    assert saved.read_bytes() == (sung.folder / "sung.ogg").read_bytes()
    assert "[CONVERSION_FINISHED]" in refused
    assert "[CONVERSION_NOT_FOUND]" in gone
    assert not list((sung.folder / "data" / "conversions" / "songs").iterdir())


def test_the_example_of_the_page_runs_as_it_stands_there(sung: Sung, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sung.folder)
    (sung.folder / "me-singing.m4a").write_bytes(as_flac(take(8, 0, 14.0)))
    (sung.folder / "me-reading.m4a").write_bytes(as_flac(take(8, 9, 6.0)))
    code = next(block for block in python_blocks(PAGE) if "create_consent_phrase" in block)
    for shown, served in (
        ("127.0.0.1:50051", sung.server.embedding),
        ("127.0.0.1:50052", sung.server.recommender),
        ("127.0.0.1:50053", sung.server.conversion),
    ):
        code = code.replace(shown, served)

    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})

    assert soundfile.info(sung.folder / "song.ogg").duration == pytest.approx(SONG_S, abs=0.05)


def test_a_server_that_stops_ends_its_workers_too(sung: Sung) -> None:
    status = sung.server.stop()

    events = [json.loads(line)["event"] for line in sung.server.log.read_text("utf-8").splitlines()]
    assert status == 0
    assert "worker_stopped" in events
    assert events[-1] == "server_stopped"
