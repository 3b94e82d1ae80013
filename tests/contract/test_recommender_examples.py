"""What docs/recommender.md shows works as it stands there: on the shipped ear, and synthetic singers."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from singalike.audio.sound import Sound
from singalike.audio.synthesis import STYLES, compose_melody, draw_singer, sing
from singalike.client import Recording, TrackDescription
from singalike.embeddings.encoder import VoiceEncoder
from singalike.services.cli import main
from tests.support.example_blocks import commands, python_blocks
from tests.support.servers import Running, running, small_settings, use_fake_ear

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = Path(__file__).parents[2] / "docs" / "recommender.md"

SINGERS = ("Ada Brook", "Ben Crane", "Cleo Dale", "Dan Ember", "Eve Frost", "Finn Gale")
TITLES = ("First Light", "Long Road")
SECONDS = 8.0


def recording(singer: int, take: int) -> bytes:
    """Let a synthetic singer sing; the same numbers give the same bytes."""
    voice = draw_singer(np.random.default_rng((5, singer)), "female" if singer % 2 == 0 else "male")
    random = np.random.default_rng((5, singer, take))
    sound: Sound = sing(voice, compose_melody(random, voice.centre_midi, SECONDS, "major", 90.0), rng=random)
    file = io.BytesIO()
    soundfile.write(file, sound.waveform.T, sound.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SINGALIKE_DATA_DIR", str(folder / "data"))
        patch.setenv("SINGALIKE_INDEX", "exact")
        use_fake_ear(patch, VoiceEncoder.load(device="cpu"))
        Path("me.m4a").write_bytes(recording(0, 99))
        yield patch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(place: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    genres = sorted(STYLES)
    async with running(small_settings(Path("data").absolute())) as servers:
        for singer, name in enumerate(SINGERS):
            for take, title in enumerate(TITLES):
                info = TrackDescription(name, f"{title} {singer}", genres[singer % 2], ("en", "ko")[take])
                await servers.client.index_track(Recording(recording(singer, take), a_cappella=True), info)
        tracks = [track.track_id async for track in servers.client.list_tracks()]
        rows = [f"listener-{number % 3},{track_id},2026-05-04T20:15:00Z" for number, track_id in enumerate(tracks)]
        Path("history.csv").write_text("\n".join(["user,item,time", *rows]) + "\n", "utf-8")
        yield servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def python_that_ran(servers: Running) -> str:
    """Run the Python of the page, which writes files that its commands read."""
    code = "\n".join(python_blocks(PAGE))
    code = code.replace("127.0.0.1:50051", servers.embedding).replace("127.0.0.1:50052", servers.recommender)
    await asyncio.to_thread(exec, compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
    return code


async def test_the_python_of_the_page_runs(python_that_ran: str) -> None:
    assert "singalike.client" in python_that_ran


@pytest.mark.usefixtures("python_that_ran")
async def test_the_commands_of_the_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    given = commands(PAGE)

    assert given
    for program, *arguments in given:
        assert program == "singalike"
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, arguments)
        assert ended.value.code == 0, (arguments, capsys.readouterr().err)
