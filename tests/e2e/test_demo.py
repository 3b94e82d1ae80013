"""`singalike demo` in miniature: the whole path, with processes, sockets and files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

LIMIT_S = 1800.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple["subprocess.CompletedProcess[str]", Path]:
    folder = tmp_path_factory.mktemp("demo")
    size = ("--singers", "6", "--songs", "2", "--seconds", "10", "--voices", "10")
    places = ("--data-dir", str(folder / "data"), "--record", str(folder / "demo.svg"))
    places += ("--song", str(folder / "songs" / "mine.ogg"))
    # A database of somebody's real installation: the demo must not touch it.
    environment = {**os.environ, "SINGALIKE_DATABASE_URL": f"sqlite:///{folder / 'real.db'}", "OMP_NUM_THREADS": "1"}
    finished = subprocess.run(
        [sys.executable, "-m", "singalike.services.cli", "demo", *size, *places],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
        check=False,
    )
    return finished, folder


def test_the_demo_ends_well_and_tells_who_what_and_how_sure(
    demo: tuple["subprocess.CompletedProcess[str]", Path],
) -> None:
    finished, _ = demo

    assert finished.returncode == 0, finished.stdout + finished.stderr
    for expected in ("12 added", "sounds alike", "sing it", "What only the demo knows", "clearly better than drawing"):
        assert expected in finished.stdout


def test_the_demo_ends_with_a_song_that_it_names(demo: tuple["subprocess.CompletedProcess[str]", Path]) -> None:
    finished, folder = demo

    song = folder / "songs" / "mine.ogg"
    assert f"{song}: 10 s of song" in finished.stdout
    assert f"{song}: marked" in finished.stdout
    assert soundfile.info(song).duration == pytest.approx(10.0, abs=0.1)


def test_the_demo_draws_its_own_picture(demo: tuple["subprocess.CompletedProcess[str]", Path]) -> None:
    picture = (demo[1] / "demo.svg").read_text("utf-8")

    assert picture.startswith("<svg")
    assert "Self-check" in picture.replace("&#160;", " ")
    assert "url(https" not in picture.replace('"', "")


def test_the_demo_leaves_a_real_installation_alone(demo: tuple["subprocess.CompletedProcess[str]", Path]) -> None:
    assert not (demo[1] / "real.db").exists()
    assert (demo[1] / "data" / "catalogue.db").exists()
