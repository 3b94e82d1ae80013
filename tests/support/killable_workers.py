"""Workers that are started again when they are killed: as `singalike serve` keeps them, or forked, which is quicker."""

import multiprocessing
import os
import threading
import time
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from singalike.services.conversion.housekeeping import Housekeeping
from singalike.services.conversion.reaper import Reaper
from singalike.services.conversion.staff import Staff
from singalike.services.conversion.supervisor import new_executor_id
from singalike.services.conversion.sweeper import Sweeper
from singalike.services.conversion_records import Tenant
from singalike.services.settings import as_environment
from tests.support.short_conversions import Farm, utc_now

MOST_RUNNING = Tenant().most_running


class Workers(Protocol):
    """Kept alive from the beginning of the block to its end."""

    def pids(self) -> Mapping[str, int]:
        """Return the process ids of those that run, by their executor ids."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SupervisedWorkers:
    """Children of a `Supervisor`, as a server has them: each start takes seconds of processor time for its imports."""

    def __init__(self, farm: Farm, count: int) -> None:
        self._staff = Staff(farm.settings, farm.parts, lambda _: MOST_RUNNING, count)

    def pids(self) -> Mapping[str, int]:
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        pids = [int(pid) for path in children for pid in path.read_text("ascii").split()]
        return {command[-1]: pid for pid in pids if "--supervised" in (command := _command(pid))}

    def __enter__(self) -> Self:
        self._staff.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staff.__exit__(kind, error, trace)


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8").rstrip("\0").split("\0")
    except OSError:
        return []


class ForkedWorkers:
    """The same workers, forked from a process that has imported everything; their deaths are told at once as well."""

    def __init__(self, farm: Farm, count: int) -> None:
        self._environment = as_environment(farm.settings)
        reaper = Reaper(farm.parts, time.monotonic)
        self._housekeeping = Housekeeping(reaper, Sweeper(farm.parts, utc_now, lambda _: MOST_RUNNING))
        self._processes: dict[str, BaseProcess] = {}
        self._stopping = threading.Event()
        self._keepers = [threading.Thread(target=self._keep_one) for _ in range(count)]
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["singalike.services.conversion.worker_process"])

    def pids(self) -> Mapping[str, int]:
        return {name: process.pid for name, process in list(self._processes.items()) if process.pid is not None}

    def _keep_one(self) -> None:
        while not self._stopping.is_set():
            executor_id = new_executor_id()
            process = self._context.Process(target=_work, args=(self._environment, executor_id))
            process.start()
            self._processes[executor_id] = process
            process.join()
            del self._processes[executor_id]
            self._housekeeping.bury(executor_id)

    def __enter__(self) -> Self:
        self._housekeeping.start()
        for keeper in self._keepers:
            keeper.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for process in list(self._processes.values()):
            process.kill()
        for keeper in self._keepers:
            keeper.join()
        self._housekeeping.stop()


def _work(environment: Mapping[str, str], executor_id: str) -> None:
    """Be a worker, in a process of its own."""
    from singalike.services.conversion import worker_process
    from singalike.services.logs import configure_logs
    from singalike.services.settings import read_settings

    os.environ.update(environment)
    settings = read_settings()
    configure_logs(settings)
    worker_process.run(settings, threading.Event(), executor_id)
