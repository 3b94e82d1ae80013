"""Kill workers with SIGKILL while they convert, and see what becomes of the conversions.

    python -m benchmarks.kill_conversions --kills 100 --conversions 100 --seed 1 --forked
    python -m benchmarks.kill_conversions --dead 10

Every conversion must end once, with the very bytes that an undisturbed run of the same order under the same id makes. A
kill comes a time drawn from the seed after a worker has taken a conversion, or, one in ten, after it has come up. A
conversion that has killed two workers is spared the third, which would end it as WORKER_DIED on purpose. With --forked,
workers are forked from a process that has imported everything, which spares three seconds of processor time a kill.
With --dead, a worker that nobody watches over is killed, and the time is taken until another one has its conversion.
"""

import argparse
import hashlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from singalike.services.conversion_records import ConversionState, StoredConversion
from singalike.services.logs import configure_logs
from singalike.services.settings import read_settings
from tests.support.job_traces import GIVE_UP_S, await_that, has_it, is_idle, leftovers, lone_worker, running
from tests.support.killable_workers import ForkedWorkers, SupervisedWorkers, Workers
from tests.support.short_conversions import Farm, farm

SPARED = 2
"""Deaths after which a conversion is spared: the third would end it."""

LATEST_KILL_S = 4.0
AT_WORK = 0.9


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


def kill_workers(
    folder: Path, kills: int, conversions: int, seed: int, seconds: float, keep: Callable[[Farm], Workers]
) -> Verdict:
    """Kill workers while they get on with conversions, then let them finish.

    Args:
        folder: Of all data.
        kills: How many.
        conversions: How many.
        seed: Of the moments and of the ids.
        seconds: Length of the songs.
        keep: Starts workers, and starts them again.
    """
    rng = np.random.default_rng(seed)
    songs = {"songs": 4, "seconds": seconds, "band": True, "seed": seed}
    with farm(folder / "killed", **songs) as killed, farm(folder / "undisturbed", **songs) as undisturbed:  # type: ignore[arg-type]
        asked = [killed.ask(number) for number in range(conversions)]
        with keep(killed) as workers:
            at_work = sum(_kill_one(killed, workers, rng) for _ in range(kills))
            await_that("conversions never end, or their jobs stay", is_idle, killed, give_up_s=20 * GIVE_UP_S)
        expected = undisturbed.undisturbed([undisturbed.ask(number) for number in range(conversions)])
        return _judge(killed, asked, expected, kills, at_work)


def _kill_one(farm: Farm, workers: Workers, rng: np.random.Generator) -> bool:
    """Kill a worker after a while; returns whether it had a conversion."""
    await_that("no worker comes up", lambda: bool(_beating(farm, workers)))
    if rng.uniform() < AT_WORK and farm.parts.conversions.unfinished():
        await_that("no worker takes a conversion", lambda: bool(running(farm)))
    time.sleep(float(rng.uniform(0.0, LATEST_KILL_S)))
    await_that("a spared conversion does not end", lambda: bool(_beating(farm, workers)) and not _is_spared(farm))
    victims = _beating(farm, workers)
    victim = sorted(victims)[int(rng.integers(len(victims)))]
    at_work = any(each.executor_id == victim for each in running(farm))
    os.kill(victims[victim], signal.SIGKILL)
    await_that("a killed worker lives", lambda: victim not in workers.pids())
    return at_work


def _is_spared(farm: Farm) -> bool:
    return any(each.attempts > SPARED for each in running(farm))


def _beating(farm: Farm, workers: Workers) -> dict[str, int]:
    """Return the process ids of workers that are up, by their executor ids."""
    beats = farm.parts.executors.beats()
    return {executor_id: pid for executor_id, pid in workers.pids().items() if executor_id in beats}


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


def time_moves(folder: Path, deaths: int, seed: int, seconds: float = 60.0) -> list[float]:
    """Kill workers that nobody watches over; returns the seconds until another one has the conversion."""
    rng = np.random.default_rng(seed)
    with farm(folder, seconds=seconds, seed=seed) as conversions:
        return [_time_move(conversions, number, rng) for number in range(deaths)]


def _time_move(farm: Farm, number: int, rng: np.random.Generator) -> float:
    with ExitStack() as workers:
        dying_id, dying = workers.enter_context(lone_worker(farm))
        asked = farm.ask(number)
        await_that("no worker takes the conversion", has_it, farm, asked, dying_id)
        os.kill(dying.pid, signal.SIGSTOP)  # so that the song is not done before the heir has come up
        heir_id, _ = workers.enter_context(lone_worker(farm))
        await_that("the heir does not come up", lambda: heir_id in farm.parts.executors.beats())
        os.kill(dying.pid, signal.SIGCONT)
        time.sleep(float(rng.uniform(0.0, 0.5)))
        dying.kill()
        dying.wait()
        killed_s = time.monotonic()
        await_that("the conversion does not move", has_it, farm, asked, heir_id)
        moved_after_s = time.monotonic() - killed_s
        farm.parts.conversions.remove_conversion(asked.conversion_id)
        return moved_after_s


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--conversions", type=int, default=0)
    parser.add_argument("--dead", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--forked", action="store_true", help="fork workers from a process that has imported everything"
    )
    parser.add_argument(
        "--seconds", type=float, default=16.0, help="length of the songs that are converted under kills"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    configure_logs(read_settings(log_level="error"))
    passed, started_s = True, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        if options.conversions:
            keep = partial(ForkedWorkers if options.forked else SupervisedWorkers, count=options.workers)
            verdict = kill_workers(Path(name), options.kills, options.conversions, options.seed, options.seconds, keep)
            passed &= verdict.passed
            print(f"{verdict} passed={verdict.passed} in {time.monotonic() - started_s:.0f} s", flush=True)
        if options.dead:
            moves = sorted(time_moves(Path(name) / "dead", options.dead, options.seed))
            passed &= moves[-1] <= 30.0
            print("a dead worker's conversion was with another one after (s):", *(f"{move:.1f}" for move in moves))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
