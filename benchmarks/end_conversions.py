"""Cancel, delete, revoke and let expire conversions of a working service, and look for what stays.

    python -m benchmarks.end_conversions --cancels 20

Cancelled is a conversion at work, at a moment drawn from the seed; the time is taken until its worker has let go of it
and no file of it is left. Then conversions that have ended, are at work and wait are cancelled, deleted, expire, and
lose their consent, and all files and all rows of both databases are looked through for them. Rows are all that is taken
away here, as by a server that is killed in the same moment: files and jobs are left to the sweeper and to the workers.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from singalike.services.conversion.staff import Staff
from singalike.services.conversion_records import JobState, StoredConversion, Tenant
from singalike.services.logs import configure_logs
from singalike.services.settings import read_settings
from tests.support.job_traces import (
    LOOK_S,
    await_that,
    everything_of_voices,
    has_it,
    lone_worker,
    running,
    traces_of,
)
from tests.support.short_conversions import Farm, farm

TRACES_S = 120.0
"""After so long what is still there counts as staying: the sweeper comes every 6 s, on a busy machine later."""

LATEST_CANCEL_S = 4.0
MOST_RUNNING = Tenant().most_running
WAYS = ("cancel", "delete", "expire", "revoke")


def time_cancels(folder: Path, cancels: int, seed: int, seconds: float = 60.0) -> list[float]:
    """Cancel conversions at work; returns the seconds until no file of each is left."""
    rng = np.random.default_rng(seed)
    with (
        farm(folder, seconds=seconds, band=True, seed=seed) as conversions,
        lone_worker(conversions) as (executor_id, _),
    ):
        return [_time_cancel(conversions, number, executor_id, rng) for number in range(cancels)]


def _time_cancel(farm: Farm, number: int, executor_id: str, rng: np.random.Generator) -> float:
    asked = farm.ask(number)
    await_that("no worker takes the conversion", has_it, farm, asked, executor_id)
    time.sleep(float(rng.uniform(0.0, LATEST_CANCEL_S)))
    farm.parts.conversions.cancel_conversion(asked.conversion_id)
    cancelled_s = time.monotonic()
    await_that("files of a cancelled conversion stay", _is_let_go, farm, asked)
    return time.monotonic() - cancelled_s


def _is_let_go(farm: Farm, asked: StoredConversion) -> bool:
    taken = {job.conversion_id for job in farm.parts.jobs.jobs() if job.state is JobState.TAKEN}
    return asked.conversion_id not in taken | farm.parts.folder.conversion_ids()


def remove_in_every_way(folder: Path, seed: int, seconds: float, ways: Sequence[str] = WAYS) -> dict[str, list[str]]:
    """Have conversions finished, at work and waiting, and take them away.

    Args:
        folder: Of all data.
        seed: Of the ids.
        seconds: Length of the songs.
        ways: Which, in this order; nothing can come after "revoke".

    Returns:
        What stayed, of each way after which something did.
    """
    with farm(folder, songs=2, seconds=seconds, band=True, seed=seed) as conversions:
        with Staff(conversions.settings, conversions.parts, lambda _: MOST_RUNNING, workers=1):
            left = {way: _remove(conversions, way) for way in ways}
        left["in the end"] = everything_of_voices(conversions) if "revoke" in ways else []
    return {way: traces for way, traces in left.items() if traces}


def _remove(farm: Farm, way: str) -> list[str]:
    """Take conversions away, and wait until nothing is left or something seems to stay."""
    keep_s = 1 if way == "expire" else 3600
    asked = [farm.ask(number, keep_s=keep_s) for number in range(1 if way == "cancel" else 3)]
    if way not in {"cancel", "expire"}:
        await_that("no conversion ends", _any_ended, farm, asked)
    await_that("no conversion is at work", lambda: bool(running(farm)))
    _take_away(farm, way, asked)
    # Whoever was cancelled is told so until the time of the row has come.
    kept = ("conversions",) if way == "cancel" else ()
    give_up = time.monotonic() + TRACES_S
    while (traces := traces_of(farm, {each.conversion_id for each in asked}, kept)) and time.monotonic() < give_up:
        time.sleep(LOOK_S)
    print(f"{way}: {len(asked)} conversions, {len(traces)} traces", flush=True)
    return traces


def _take_away(farm: Farm, way: str, asked: Sequence[StoredConversion]) -> None:
    actions: dict[str, Callable[[StoredConversion], object]] = {
        "cancel": lambda each: farm.parts.conversions.cancel_conversion(each.conversion_id),
        "delete": lambda each: farm.parts.conversions.remove_conversion(each.conversion_id),
        "expire": lambda each: await_that("a conversion does not end", _has_ended, farm, each),
        "revoke": lambda _: farm.revoke(),
    }
    for each in asked:
        actions[way](each)


def _any_ended(farm: Farm, asked: Sequence[StoredConversion]) -> bool:
    return any(_has_ended(farm, each) for each in asked)


def _has_ended(farm: Farm, asked: StoredConversion) -> bool:
    return asked.conversion_id not in {each.conversion_id for each in farm.parts.conversions.unfinished()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cancels", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=16.0, help="length of the songs that are taken away")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    configure_logs(read_settings(log_level="error"))
    with tempfile.TemporaryDirectory() as name:
        waits = sorted(time_cancels(Path(name) / "cancels", options.cancels, options.seed))
        print("a cancelled conversion had left no file after (s):", *(f"{wait:.1f}" for wait in waits), flush=True)
        left = remove_in_every_way(Path(name) / "traces", options.seed, options.seconds)
        print(f"what stayed: {left or 'nothing'}", flush=True)
    sys.exit(0 if max(waits, default=0.0) <= 5.0 and not left else 1)


if __name__ == "__main__":
    main()
