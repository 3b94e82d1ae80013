"""Kill a server with SIGKILL while listeners record feedback, start it again, and look for what was lost or kept twice.

    .venv/bin/python -m benchmarks.kill_feedback --kills 20

Every event that RecordFeedback acknowledged must be there afterwards. What was not acknowledged is sent again under its
request_id; in the end every request must be there whole and once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from singalike.client import Client, Feedback
from singalike.errors import SingalikeError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_feedback import SqlFeedback
from tests.support.catalogue_entries import add_track

ROOT = Path(__file__).resolve().parents[1]
CALLERS = 4
EVENTS = 3
"""Events of one request: a kill must never leave some of them."""
START_S = 120.0
"""How long a server may take to start, and to answer for the first time."""


@dataclass(frozen=True)
class Verdict:
    """What a series of kills did.

    Attributes:
        kills: How often the server was killed.
        acknowledged: Requests that were answered.
        lost: Acknowledged requests that were missing after a kill.
        broken: Requests that were there in part, or more than once, at any look.
        missing: Requests that were not there in the end, after everything was sent again.
    """

    kills: int
    acknowledged: int
    lost: int
    broken: int
    missing: int

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and nothing is there twice or in part."""
        return (self.lost, self.broken, self.missing) == (0, 0, 0)


@dataclass
class Ledger:
    """What was sent and what was acknowledged; requests are numbered, and a listener's exposures carry the number.

    Attributes:
        next_number: Of the newest request.
        waiting: Requests that were sent and not acknowledged.
        acknowledged: Requests that were answered.
        answered: Set as soon as the server of this turn has answered one.
        lock: Of all of them.
    """

    next_number: int = 0
    waiting: list[int] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    answered: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """Return a request that was not acknowledged yet, else a new one."""
        with self.lock:
            if self.waiting:
                return self.waiting.pop()
            self.next_number += 1
            return self.next_number


def kill_and_restart(folder: Path, kills: int, seed: int) -> Verdict:
    """Kill a server `kills` times while it is written to, then send again what was never acknowledged."""
    rng = np.random.default_rng(seed)
    url = f"sqlite:///{folder / 'data' / 'catalogue.db'}"
    catalogue = SqlCatalogue(url)
    track_id = add_track(catalogue, 1).track_id
    catalogue.close()
    ledger, lost, broken = Ledger(), 0, 0
    for turn in range(kills):
        with started(folder, turn) as (process, target):
            record_until_killed(process, target, ledger, track_id, kill_after_s=float(rng.uniform(0.05, 0.6)))
        counts = _stored(url)
        lost += sum(counts[number] == 0 for number in ledger.acknowledged)
        broken += sum(count not in {0, EVENTS} for count in counts.values())
    with started(folder, kills) as (_, target), Client(recommender=target) as client:
        for number in list(ledger.waiting):
            _record(client, number, track_id)
    counts = _stored(url)
    broken += sum(count != EVENTS for count in counts.values())
    missing = ledger.next_number - sum(counts[number] > 0 for number in range(1, ledger.next_number + 1))
    return Verdict(kills, len(ledger.acknowledged), lost, broken, missing)


def record_until_killed(
    process: "subprocess.Popen[bytes]", target: str, ledger: Ledger, track_id: str, kill_after_s: float
) -> None:
    """Let callers record at once until the server dies under them, a while after its first answer."""
    ledger.answered.clear()
    callers = [threading.Thread(target=_call_on, args=(target, ledger, track_id)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    ledger.answered.wait(START_S)
    time.sleep(kill_after_s)
    process.kill()
    process.wait()
    for caller in callers:
        caller.join()


def _call_on(target: str, ledger: Ledger, track_id: str) -> None:
    with Client(recommender=target, deadline_s=5.0) as client:
        while True:
            number = ledger.take()
            try:
                _record(client, number, track_id)
            except SingalikeError:
                with ledger.lock:
                    ledger.waiting.append(number)
                return
            with ledger.lock:
                ledger.acknowledged.add(number)
            ledger.answered.set()


def _record(client: Client, number: int, track_id: str) -> None:
    events = [Feedback("play", track_id=track_id, exposure_id=str(number))] * EVENTS
    client.record_feedback(f"listener {number % 10}", events, request_id=f"request-{number}")


def _stored(url: str) -> "Counter[int]":
    store = SqlFeedback(url)
    try:
        return Counter(int(event.exposure_id) for _, event in store.walk_events(datetime.now(UTC)))
    finally:
        store.close()


@contextmanager
def started(folder: Path, turn: int) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Start a server with an ear without weights; yields the process and where the recommender listens."""
    ports_file = folder / f"ports-{turn}.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "tests.support.serve_with_fake_ear", str(folder / "data"), str(ports_file)]
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield process, f"127.0.0.1:{_await_ports(process, ports_file, folder)['recommender']}"
    finally:
        process.terminate()
        process.wait()


def _await_ports(process: "subprocess.Popen[bytes]", ports_file: Path, folder: Path) -> dict[str, Any]:
    give_up = time.monotonic() + START_S
    while not ports_file.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            raise SystemExit((folder / "serve.log").read_text("utf-8"))
        time.sleep(0.05)
    ports: dict[str, Any] = json.loads(ports_file.read_text("utf-8"))
    return ports


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started_at = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        verdict = kill_and_restart(Path(folder), options.kills, options.seed)
    print(f"{verdict} passed={verdict.passed} in {time.perf_counter() - started_at:.0f} s")
    sys.exit(0 if verdict.passed else 1)


if __name__ == "__main__":
    main()
