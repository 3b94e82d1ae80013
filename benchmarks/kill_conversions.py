"""Kill workers with SIGKILL while they convert, and see what becomes of the conversions.

    python -m benchmarks.kill_conversions --kills 100 --conversions 100 --seed 1
    python -m benchmarks.kill_conversions --dead 10 --cancels 20

Every conversion must end once, with the very bytes that an undisturbed run of the same order under the same id makes. A
kill comes after the worker is up, by a time drawn from the seed; a conversion that has killed two workers is spared the
third, which would end it as WORKER_DIED on purpose. With --dead, a worker that nobody watches over is killed, and the
time is taken until another one has its conversion. With --cancels, the time is taken until a cancelled conversion has
left no file.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from singalike.services.conversion.staff import Staff
from singalike.services.conversion.supervisor import WORKER_COMMAND, new_executor_id
from singalike.services.conversion_records import ConversionState, StoredConversion, Tenant
from singalike.services.logs import configure_logs
from singalike.services.settings import as_environment, read_settings
from tests.support.short_conversions import Farm, farm

GIVE_UP_S = 180.0
LOOK_S = 0.05
SPARED = 2
"""Deaths after which a conversion is spared: the third would end it."""

MOST_RUNNING = Tenant().most_running


@dataclass(frozen=True)
class Verdict:
    """What a series of kills did.

    Attributes:
        kills: How often a worker was killed.
        at_work: Of them, while it had a conversion.
        conversions: How many were asked for.
        succeeded: How many ended with a song.
        twice: How many ended more than once.
        wrong: How many songs are other bytes than those of an undisturbed run, or than their row says.
        attempts: How many conversions took how many attempts.
        left: Pieces, jobs and rows of jobs that are still there.
    """

    kills: int
    at_work: int
    conversions: int
    succeeded: int
    twice: int
    wrong: int
    attempts: dict[int, int]
    left: int

    @property
    def passed(self) -> bool:
        """Whether every conversion ended once, with the right bytes, and left nothing else."""
        return self.succeeded == self.conversions and (self.twice, self.wrong, self.left) == (0, 0, 0)


def kill_workers(folder: Path, kills: int, conversions: int, seed: int, seconds: float, workers: int) -> Verdict:
    """Kill workers while they get on with conversions, then let them finish."""
    rng = np.random.default_rng(seed)
    songs = {"songs": 4, "seconds": seconds, "band": True, "seed": seed}
    with farm(folder / "killed", **songs) as killed, farm(folder / "undisturbed", **songs) as undisturbed:  # type: ignore[arg-type]
        asked = [killed.ask(number) for number in range(conversions)]
        with Staff(killed.settings, killed.parts, lambda _: MOST_RUNNING, workers):
            at_work = sum(_kill_one(killed, rng) for _ in range(kills))
            ended = partial(_nothing_in, killed.parts.conversions.unfinished)
            await_that("conversions never end", ended, give_up_s=20 * GIVE_UP_S)
            await_that("jobs of ended conversions stay", _nothing_in, killed.parts.jobs.jobs)
        expected = undisturbed.undisturbed([undisturbed.ask(number) for number in range(conversions)])
        return _judge(killed, asked, expected, kills, at_work)


def _kill_one(farm: Farm, rng: np.random.Generator) -> bool:
    """Kill a worker after a while; returns whether it had a conversion."""
    await_that("no worker comes up", lambda: bool(_beating(farm)))
    time.sleep(float(rng.uniform(0.0, 2.0)))
    await_that("a spared conversion does not end", lambda: bool(_beating(farm)) and not _is_spared(farm))
    victims = _beating(farm)
    victim = sorted(victims)[int(rng.integers(len(victims)))]
    at_work = any(each.executor_id == victim for each in _running(farm))
    os.kill(victims[victim], signal.SIGKILL)
    await_that("a killed worker lives", lambda: victim not in _beating(farm))
    return at_work


def _running(farm: Farm) -> list[StoredConversion]:
    return [each for each in farm.parts.conversions.unfinished() if each.state is ConversionState.RUNNING]


def _is_spared(farm: Farm) -> bool:
    return any(each.attempts > SPARED for each in _running(farm))


def _beating(farm: Farm) -> dict[str, int]:
    """Return the process ids of our children that are workers and up, by their executor ids."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for path in children for pid in path.read_text("ascii").split()]
    workers = {command[-1]: pid for pid in pids if "--supervised" in (command := _command(pid))}
    return {executor_id: workers[executor_id] for executor_id in workers.keys() & farm.parts.executors.beats().keys()}


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8").rstrip("\0").split("\0")
    except OSError:
        return []


def _judge(
    farm: Farm, asked: Sequence[StoredConversion], expected: dict[str, str], kills: int, at_work: int
) -> Verdict:
    ended = [farm.parts.conversions.get_conversion(each.conversion_id) for each in asked]
    succeeded = [each for each in ended if each.state is ConversionState.SUCCEEDED]
    ends = [sum(news.state.is_final for news in farm.parts.conversions.news(each.conversion_id)) for each in ended]
    wrong = [each for each in succeeded if not _is_right(farm, each, expected[each.conversion_id])]
    for each in ended:
        if each.state is not ConversionState.SUCCEEDED:
            print("lost:", each.conversion_id, each.state, each.fault, each.attempts)
    return Verdict(
        kills,
        at_work,
        len(ended),
        len(succeeded),
        sum(count > 1 for count in ends),
        len(wrong),
        dict(sorted(Counter(each.attempts for each in ended).items())),
        len(leftovers(farm)),
    )


def _is_right(farm: Farm, ended: StoredConversion, expected: str) -> bool:
    digest = hashlib.sha256(farm.parts.folder.find_song(ended.conversion_id).read_bytes()).hexdigest()
    return ended.song is not None and digest == ended.song.sha256 == expected


def leftovers(farm: Farm) -> list[str]:
    """Return what is left beside rows and songs: pieces, files that were begun, rows of jobs."""
    folder = farm.settings.data_dir / "conversions"
    files = [str(path) for path in (folder / "work").rglob("*")]
    files += [str(path) for path in (folder / "songs").rglob(".*")]
    return [*files, *rows_of_jobs(farm.settings.jobs_database_url)]


def rows_of_jobs(url: str) -> list[str]:
    """Return the rows of every table of DBOS that a job leaves something in, as "table: row"."""
    engine = sa.create_engine(url)
    kept_for_all = {"dbos_migrations", "application_versions", "queues"}
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names()) - kept_for_all
        rows = [
            f"{table}: {row}"
            for table in sorted(tables)
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))
        ]
    engine.dispose()
    return rows


def time_moves(folder: Path, deaths: int, seed: int) -> list[float]:
    """Kill workers that nobody watches over; returns the seconds until another one has the conversion."""
    rng = np.random.default_rng(seed)
    moves = []
    with farm(folder, seconds=60.0, seed=seed) as conversions, _bare_worker(conversions) as first:
        # The worker of the last round is the one that dies in the next: each has seen others come and go.
        dying = first
        for number in range(deaths):
            asked = conversions.ask(number)
            await_that("no worker takes the conversion", _has, conversions, asked, dying[0])
            heir = _start_bare(conversions)
            await_that("the heir does not come up", _beats, conversions, heir[0])
            time.sleep(float(rng.uniform(0.0, 2.0)))
            if not _has(conversions, asked, dying[0]):
                raise SystemExit("the song is too short for this machine: it was done before its worker died")
            dying[1].kill()
            dying[1].wait()
            killed_s = time.monotonic()
            await_that("the conversion does not move", _has, conversions, asked, heir[0])
            moves.append(time.monotonic() - killed_s)
            conversions.parts.conversions.cancel_conversion(asked.conversion_id)
            dying = heir
        dying[1].terminate()
        dying[1].wait()
    return moves


Bare = tuple[str, "subprocess.Popen[bytes]"]


def _start_bare(farm: Farm) -> Bare:
    """Start a worker as an operator does, so that nobody is told when it dies."""
    executor_id = new_executor_id()
    command = [argument for argument in WORKER_COMMAND if argument != "--supervised"]
    environment = {**os.environ, **as_environment(farm.settings)}
    return executor_id, subprocess.Popen([*command, "--executor-id", executor_id], env=environment)


@contextmanager
def _bare_worker(farm: Farm) -> Iterator[Bare]:
    started = _start_bare(farm)
    try:
        yield started
    finally:
        started[1].kill()
        started[1].wait()


def _nothing_in(listed: Callable[[], Sequence[object]]) -> bool:
    return not listed()


def _beats(farm: Farm, executor_id: str) -> bool:
    return executor_id in farm.parts.executors.beats()


def _has(farm: Farm, asked: StoredConversion, executor_id: str) -> bool:
    now = farm.parts.conversions.get_conversion(asked.conversion_id)
    return (now.state, now.executor_id) == (ConversionState.RUNNING, executor_id)


def time_cancels(folder: Path, cancels: int, seed: int) -> list[float]:
    """Cancel conversions at work; returns the seconds until no file of each is left."""
    rng = np.random.default_rng(seed)
    waits = []
    with farm(folder, seconds=60.0, band=True, seed=seed) as conversions, _bare_worker(conversions) as worker:
        for number in range(cancels):
            asked = conversions.ask(number)
            await_that("no worker takes the conversion", _has, conversions, asked, worker[0])
            time.sleep(float(rng.uniform(0.0, 4.0)))
            conversions.parts.conversions.cancel_conversion(asked.conversion_id)
            cancelled_s = time.monotonic()
            await_that("files of a cancelled conversion stay", _is_idle_without, conversions, asked)
            waits.append(time.monotonic() - cancelled_s)
    return waits


def _is_idle_without(farm: Farm, asked: StoredConversion) -> bool:
    taken = [job for job in farm.parts.jobs.jobs() if job.conversion_id == asked.conversion_id and job.state == "taken"]
    return not taken and asked.conversion_id not in farm.parts.folder.conversion_ids()


def await_that(otherwise: str, is_so: Callable[..., bool], *given: object, give_up_s: float = GIVE_UP_S) -> None:
    """Look again and again."""
    give_up = time.monotonic() + give_up_s
    while not is_so(*given):
        if time.monotonic() > give_up:
            raise SystemExit(otherwise)
        time.sleep(LOOK_S)


def _distribution(seconds: Sequence[float]) -> str:
    low, middle, high = np.percentile(seconds, [0, 50, 100])
    return f"least {low:.1f} s, median {middle:.1f} s, most {high:.1f} s of {len(seconds)}"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--conversions", type=int, default=0)
    parser.add_argument("--dead", type=int, default=0)
    parser.add_argument("--cancels", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=16.0, help="length of the songs that are converted under kills"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("SINGALIKE_LOG_LEVEL", "error")
    configure_logs(read_settings())
    passed = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.conversions:
            started_s = time.monotonic()
            verdict = kill_workers(
                folder, options.kills, options.conversions, options.seed, options.seconds, options.workers
            )
            passed = verdict.passed
            print(f"{verdict} passed={passed} in {time.monotonic() - started_s:.0f} s", flush=True)
        if options.dead:
            moves = time_moves(folder / "dead", options.dead, options.seed)
            passed &= max(moves) <= 30.0
            print(f"a dead worker's conversion was with another one after: {_distribution(moves)}", flush=True)
        if options.cancels:
            waits = time_cancels(folder / "cancels", options.cancels, options.seed)
            passed &= max(waits) <= 5.0
            print(f"a cancelled conversion had left no file after: {_distribution(waits)}", flush=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
