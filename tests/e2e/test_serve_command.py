"""`singalike serve` as a process, called from another one with a real MP3."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from singalike.client import AsyncClient, Client, TrackDescription
from tests.support.processes import ServerProcess, started_server
from tests.support.recordings import encode, tone

ROOT = Path(__file__).parents[2]
MP3 = encode(tone(6.0, f0_hz=196.0), 44_100, "mp3", "libmp3lame")


PATIENT = {"SINGALIKE_GRACE_S": "300"}
"""Calls that have begun are finished, however slow this machine is."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with started_server(tmp_path_factory.mktemp("serve"), {"SINGALIKE_REFLECTION": "true"}) as server:
        yield server


CALLER = """
import json, sys
from singalike.client import Client, TrackDescription

with Client(sys.argv[1], sys.argv[2], deadline_s=300) as client:
    track = client.index_track(sys.argv[3], TrackDescription("A Singer", "A Song"))
    answer = client.recommend_singers(sys.argv[3])
    songs = client.recommend_songs(sys.argv[3])
print(json.dumps([track.track_id, [one.singer_id for one in answer.singers], [one.track_id for one in songs.songs]]))
"""


@pytest.fixture(scope="module")
def answers(server: ServerProcess) -> list[object]:
    """What another process is told that has the server take an MP3 in, and asks for its like."""
    recording = server.log.parent / "voice.mp3"
    recording.write_bytes(MP3)
    called = subprocess.run(
        [sys.executable, "-c", CALLER, server.embedding, server.recommender, str(recording)],
        capture_output=True,
        check=True,
    )
    told: list[object] = json.loads(called.stdout)
    return told


def test_another_process_takes_an_mp3_in_and_is_answered(answers: list[object]) -> None:
    track_id, singer_ids, track_ids = answers

    assert singer_ids == ["a-singer"]
    assert track_ids == [track_id]


@pytest.mark.usefixtures("answers")
def test_a_program_that_knows_only_the_protos_is_answered(server: ServerProcess) -> None:
    buf = Path(sys.executable).with_name("buf")
    url = f"http://{server.recommender}/singalike.v1.RecommenderService/RecommendSingers"
    request = {"recording": {"audio": base64.b64encode(MP3).decode()}, "options": {"k": 3}}
    call = [buf, "curl", "--schema", "protos", "--protocol", "grpc", "--http2-prior-knowledge", "--data", "@-", url]

    called = subprocess.run(call, input=json.dumps(request).encode(), capture_output=True, check=True, cwd=ROOT)

    assert [singer["singerId"] for singer in json.loads(called.stdout)["singers"]] == ["a-singer"]


@dataclass(frozen=True)
class Stopped:
    """A server that took a recording in and was stopped under load.

    Attributes:
        folder: Of its data.
        outcomes: Of the calls that had begun.
        status: Of the process.
        events: Of its log.
    """

    folder: Path
    outcomes: list[object]
    status: int
    events: list[str]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    async def load() -> tuple[list[object], int]:
        async with AsyncClient(server.embedding, server.recommender, deadline_s=300) as client:
            await client.index_track(MP3, TrackDescription("A Singer", "A Song"))
            calls = [asyncio.ensure_future(client.embed(MP3)) for _ in range(12)]
            # A call on the same connection comes after those sent before it.
            await client.get_model()
            stopping = asyncio.to_thread(server.stop)
            return await asyncio.gather(*calls, return_exceptions=True), await stopping

    folder = tmp_path_factory.mktemp("stopped")
    with started_server(folder, PATIENT) as server:
        outcomes, status = asyncio.run(load())
        events = [json.loads(line)["event"] for line in server.log.read_text("utf-8").splitlines()]
    return Stopped(folder, outcomes, status, events)


def test_sigterm_under_load_fails_no_call_that_has_begun(stopped: Stopped) -> None:
    assert [type(outcome).__name__ for outcome in stopped.outcomes] == ["VoiceProfile"] * 12
    assert stopped.status == 0
    assert stopped.events[-1] == "server_stopped"
    assert "rpc_failed" not in stopped.events


def test_what_was_taken_in_is_there_after_a_restart(stopped: Stopped) -> None:
    with started_server(stopped.folder, PATIENT) as again, Client(again.embedding, again.recommender) as client:
        tracks = list(client.list_tracks())
        seen: list[str] = []
        client.index_track(MP3, TrackDescription("A Singer", "A Song"), lambda stage, _: seen.append(stage))
        status = again.stop()

    assert [track.info.title for track in tracks] == ["A Song"]
    assert seen == ["received", "stored"]
    assert status == 0


def test_an_address_that_strangers_reach_is_refused_without_guards(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "singalike.services.cli",
        "serve",
        "--host",
        "0.0.0.0",
        "--data-dir",
        str(tmp_path),
    ]

    refused = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)

    assert refused.returncode == 2
    assert "[UNSAFE_ADDRESS]" in refused.stderr
