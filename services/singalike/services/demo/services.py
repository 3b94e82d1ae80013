"""Run Singalike's own commands as a user would: one to the end, the services until they are let go."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from singalike.errors import UnavailableError

_START_S, _STOP_S, _POLL_S = 120.0, 20.0, 0.05
_LOG_LINES = 20
SERVICES = ("embedding", "recommender", "conversion")
_PREFIX = "SINGALIKE_"
_KEPT = {"CHECKPOINTS", "DEVICE", "SEPARATOR", "SEPARATION_WEIGHTS", "TORCH_THREADS"}
"""Settings that the demo honours. Any other, a database or a token for instance, belongs to a real installation."""


@dataclass(frozen=True)
class Addresses:
    """Where the services listen, as "host:port"."""

    embedding: str
    recommender: str
    conversion: str


def run_command(*arguments: str) -> str:
    """Run `singalike ARGUMENTS` to its end and return what it prints; its progress bar goes where our stderr goes.

    Raises:
        UnavailableError: COMMAND_FAILED.
    """
    finished = subprocess.run(  # noqa: S603 - our own interpreter and package
        _command_line(arguments), env=_environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if finished.returncode:
        raise UnavailableError(
            "COMMAND_FAILED", f"singalike {' '.join(arguments)} ended with status {finished.returncode}: see above"
        )
    return finished.stdout.strip()


@contextmanager
def services(data_dir: Path, workers: int = 0) -> Iterator[Addresses]:
    """Start the services on free ports of the loopback, wait until they take calls, and stop them afterwards.

    Args:
        data_dir: Catalogue to serve; the services' log goes to `services.log` in it.
        workers: How many workers sing what the conversion service is asked for.

    Raises:
        UnavailableError: SERVICES_NOT_STARTED, with the end of their log.
    """
    ports_file, log_path = data_dir / "ports.json", data_dir / "services.log"
    ports_file.unlink(missing_ok=True)
    ports = [argument for name in SERVICES for argument in (f"--{name}-port", "0")]
    free = ("--host", "127.0.0.1", *ports, "--ports-file", str(ports_file), "--workers", str(workers))
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and package
            _command_line(("serve", "all", "--data-dir", str(data_dir), *free)),
            env=_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield _await_ports(ports_file, process, log_path)
    finally:
        _stop(process)


def _command_line(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "singalike.services.cli", *arguments]


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_PREFIX) or name.removeprefix(_PREFIX) in _KEPT
    }


def _await_ports(ports_file: Path, process: "subprocess.Popen[bytes]", log_path: Path) -> Addresses:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        if ports_file.exists():
            ports = json.loads(ports_file.read_text("utf-8"))
            return Addresses(*(f"127.0.0.1:{ports[name]}" for name in SERVICES))
        time.sleep(_POLL_S)
    tail = "\n".join(log_path.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
    raise UnavailableError("SERVICES_NOT_STARTED", f"the services do not answer; {log_path} ends with:\n{tail}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
