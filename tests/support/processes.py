"""`singalike serve` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

START_S, STOP_S = 300.0, 300.0
SERVICES = ("embedding", "recommender", "conversion")
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class ServerProcess:
    """A server that takes calls."""

    process: "subprocess.Popen[bytes]"
    embedding: str
    recommender: str
    conversion: str
    log: Path

    def stop(self) -> int:
        """Send SIGTERM; answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)


@contextmanager
def started_server(folder: Path, settings: Mapping[str, str] = NOTHING, workers: int = 0) -> Iterator[ServerProcess]:
    """Start all services on free ports with a data folder below `folder`; end the process with the block.

    Args:
        folder: For the data, the log and the file of ports.
        settings: Further environment variables.
        workers: How many workers sing what the conversion service is asked for.
    """
    ports_file, log = folder / "ports.json", folder / "serve.log"
    command = [sys.executable, "-m", "singalike.services.cli", "serve", "all", "--data-dir", str(folder / "data")]
    command += [argument for name in SERVICES for argument in (f"--{name}-port", "0")]
    command += ["--ports-file", str(ports_file), "--workers", str(workers)]
    environment = {**os.environ, "SINGALIKE_LOG_JSON": "true", **settings}
    ports_file.unlink(missing_ok=True)  # of a server that ran here before
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stderr=stream)
    try:
        ports = _await_ports(process, ports_file, log)
        yield ServerProcess(process, *(f"127.0.0.1:{ports[name]}" for name in SERVICES), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_S)


def _await_ports(process: "subprocess.Popen[bytes]", ports_file: Path, log: Path) -> dict[str, int]:
    give_up = time.monotonic() + START_S
    while not ports_file.exists():
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < give_up, "the server did not start in time"
        time.sleep(0.05)
    ports: dict[str, int] = json.loads(ports_file.read_text("utf-8"))
    return ports
