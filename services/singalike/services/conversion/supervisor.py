"""Workers as children of a serving process: started, watched, started again when they die, ended with their parent."""

import os
import platform
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

import structlog

LOG = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between a death and the next start; doubled while children die before they could work."""

WORKER_COMMAND = (sys.executable, "-m", "singalike.services.cli", "worker", "--supervised")

_STOP_S = 5.0


def new_executor_id() -> str:
    """Name a worker process; no name is ever used twice."""
    return f"{platform.node()[:64]}-{uuid.uuid4().hex}"


class Supervisor:
    """Keeps a number of workers alive.

    A child's standard input is a pipe whose other end is here alone: when this process ends, however that happens, the
    child reads its end and goes.

    Args:
        count: How many.
        environment: Of the children.
        on_death: Called with the executor id of a child that has died; returns whether it had lived to work.
        command: Starts a worker; `--executor-id ID` is added.
    """

    def __init__(
        self,
        count: int,
        environment: Mapping[str, str],
        on_death: Callable[[str], bool],
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self._environment = {**os.environ, **environment}
        self._on_death = on_death
        self._command = list(command)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._keepers = [
            threading.Thread(target=self._keep_one, name=f"worker-keeper-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        """Start the workers."""
        for keeper in self._keepers:
            keeper.start()

    def stop(self, grace_s: float) -> None:
        """Have the workers let go and end; those that take longer are killed, and their work is found."""
        with self._lock:
            self._stopping.set()
            children = list(self._children.values())
        for child in children:
            child.terminate()
        give_up_s = time.monotonic() + grace_s + _STOP_S
        for keeper in self._keepers:
            keeper.join(max(0.0, give_up_s - time.monotonic()))
        for child in children:
            if child.poll() is None:
                LOG.warning("worker_killed", pid=child.pid)
                child.kill()
        for keeper in self._keepers:
            keeper.join(_STOP_S)

    def _keep_one(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            executor_id = new_executor_id()
            child = self._spawn(executor_id)
            if child is None:
                return
            with child:  # whose end of the pipe is closed with it
                status = child.wait()
            with self._lock:
                del self._children[executor_id]
            if self._stopping.is_set():
                return
            LOG.error("worker_died", dead_executor_id=executor_id, status=status)
            had_lived = self._on_death(executor_id)
            pause_s = FIRST_PAUSE_S if had_lived else min(2 * pause_s, LONGEST_PAUSE_S)
            self._stopping.wait(pause_s)

    def _spawn(self, executor_id: str) -> "subprocess.Popen[bytes] | None":
        """Start a child; None when all shall end."""
        command = [*self._command, "--executor-id", executor_id]
        with self._lock:
            if self._stopping.is_set():
                return None
            child = subprocess.Popen(command, env=self._environment, stdin=subprocess.PIPE)  # noqa: S603  no stranger's words
            self._children[executor_id] = child
        LOG.info("worker_started", executor_id=executor_id, pid=child.pid)
        return child


def end_with_parent(give_up_s: float) -> None:
    """In a child: go when the parent's end of standard input closes.

    Args:
        give_up_s: After so long the process ends as it is; what it had is found by others.
    """

    def wait() -> None:
        while os.read(0, 1024):
            pass
        LOG.warning("parent_lost", pid=os.getpid())
        os.kill(os.getpid(), 15)
        time.sleep(give_up_s)
        os._exit(1)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
