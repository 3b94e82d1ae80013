"""Kill an ingest with SIGKILL at seeded random moments, resume it, and look for what was lost or taken twice.

    .venv/bin/python benchmarks/kill_ingest.py --kills 20

Every recording that the ingest acknowledged before it died must be in the catalogue afterwards; in the end every
recording must be there once, with all its segments, and an index built from the catalogue must agree with it.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from singalike.services.adapters.edge_index import EdgeIndex  # noqa: E402 - after the path of the test support
from singalike.services.adapters.sql_catalogue import SqlCatalogue  # noqa: E402
from singalike.services.index_follower import IndexFollower  # noqa: E402
from tests.support.fake_ear import SEGMENT_S, FakeEar  # noqa: E402

RATE = 8_000
SECONDS = 7.0


@dataclass(frozen=True)
class Verdict:
    """What a series of kills did.

    Attributes:
        kills: How often the ingest was killed before it was done.
        lost: Acknowledged recordings that were missing after a kill.
        missing, doubled: Recordings absent or there more than once in the end.
        in_step: Whether an index built from the catalogue agrees with it.
    """

    kills: int
    lost: int
    missing: int
    doubled: int
    in_step: bool

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and nothing is there twice."""
        return (self.lost, self.missing, self.doubled, self.in_step) == (0, 0, 0, True)


def kill_and_resume(folder: Path, kills: int, recordings: int, seed: int) -> Verdict:
    """Kill an ingest `kills` times while it works, then let it finish."""
    rng = np.random.default_rng((seed, kills))
    manifest, url = write_recordings(folder, recordings, seed), f"sqlite:///{folder / 'data' / 'catalogue.db'}"
    lost = done = killed = 0
    for turn in range(kills):
        # Die somewhere in an even share of what is left, so that work remains for the kills to come.
        share = (recordings - done) // (kills - turn + 1)
        kill = Kill(int(rng.integers(0, share + 1)), rng.uniform(0, 0.05), most=recordings - done - 1)
        acknowledged, was_killed = _run(manifest, url, kill)
        titles = _titles(url)
        done, killed = len(titles), killed + was_killed
        lost += len(acknowledged - set(titles))
    _run(manifest, url)
    final = _titles(url)
    missing = recordings - len(set(final))
    return Verdict(killed, lost, missing, len(final) - len(set(final)), _in_step(folder, url, recordings))


def write_recordings(folder: Path, count: int, seed: int) -> Path:
    """Write short recordings of noise in different colours, and a manifest."""
    random_numbers = np.random.default_rng(seed)
    lines = ["audio,singer,title"]
    for number in range(count):
        samples = np.convolve(random_numbers.standard_normal(int(SECONDS * RATE)), random_numbers.standard_normal(16))
        soundfile.write(folder / f"{number}.wav", 0.02 * samples, RATE, subtype="PCM_16")
        lines.append(f"{number}.wav,Singer {number % 5},{number}.wav")
    manifest = folder / "songs.csv"
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest


@dataclass(frozen=True)
class Kill:
    """When an ingest is killed.

    Attributes:
        after: So many recordings were acknowledged that had not been there before.
        delay_s: And so many seconds have passed since.
        most: How many may be acknowledged meanwhile: the ingest waits for its end there, however late that comes.
    """

    after: int
    delay_s: float
    most: int


def _run(manifest: Path, url: str, kill: Kill | None = None) -> tuple[set[str], bool]:
    """Ingest, and kill the process while it does.

    Returns:
        What was acknowledged, and whether the kill came before the end.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "tests.support.ingest_with_fake_ear", str(manifest), url]
    acknowledged: set[str] = set()
    new = 0
    before = set(_titles(url))
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        killer: threading.Timer | None = None
        if kill and kill.after == 0:
            killer = _kill_later(process, 1.0 + 20 * kill.delay_s)  # in the start, the schema or the first recordings
        for line in process.stdout:
            acknowledged.add(Path(line.strip()).name)
            new += Path(line.strip()).name not in before
            if kill and killer is None and new >= kill.after:
                killer = _kill_later(process, kill.delay_s)
            if kill is None or new < kill.most:
                with suppress(BrokenPipeError):  # it was killed in this moment
                    os.write(process.stdin.fileno(), b"\n")
    if killer is not None:
        killer.cancel()
    if process.returncode not in {0, -signal.SIGKILL}:
        raise SystemExit(f"the ingest failed with status {process.returncode}")
    return acknowledged, process.returncode == -signal.SIGKILL


def _kill_later(process: subprocess.Popen[str], delay_s: float) -> threading.Timer:
    timer = threading.Timer(delay_s, process.kill)
    timer.start()
    return timer


def _titles(url: str) -> list[str]:
    if not Path(url.removeprefix("sqlite:///")).exists():
        return []
    catalogue = SqlCatalogue(url)
    try:
        return [track.info.title for track in catalogue.list_tracks(page_size=1000).items]
    finally:
        catalogue.close()


def _in_step(folder: Path, url: str, recordings: int) -> bool:
    ear, catalogue = FakeEar(), SqlCatalogue(url)
    index = EdgeIndex(folder / "data" / "index", ear.timbre_dim, ear.style_dim)
    try:
        report = IndexFollower(catalogue, index, ear.model_version).start()
        return report.count == recordings * int(SECONDS / SEGMENT_S)
    finally:
        index.close()
        catalogue.close()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--recordings", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        verdict = kill_and_resume(Path(folder), options.kills, options.recordings, options.seed)
    print(f"{verdict} passed={verdict.passed} in {time.perf_counter() - started:.0f} s")
    sys.exit(0 if verdict.passed else 1)


if __name__ == "__main__":
    main()
