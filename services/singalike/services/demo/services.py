"""Run Singalike's own commands as a user would: one to the end, the services until they are let go."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from singalike.errors import UnavailableError

_START_S, _STOP_S, _POLL_S = 120.0, 20.0, 0.1
_LOG_LINES = 20


@dataclass(frozen=True)
class Addresses:
    """Where the two services listen, as "host:port"."""

    embedding: str
    recommender: str


def run_command(*arguments: str) -> None:
    """Run `singalike ARGUMENTS` to its end; what it prints goes where ours goes.

    Raises:
        UnavailableError: COMMAND_FAILED.
    """
    finished = subprocess.run(_command_line(arguments), check=False)  # noqa: S603 - our own interpreter and package
    if finished.returncode:
        raise UnavailableError(
            "COMMAND_FAILED", f"singalike {' '.join(arguments)} ended with status {finished.returncode}: see above"
        )


@contextmanager
def services(data_dir: Path) -> Iterator[Addresses]:
    """Start both services on free ports of the loopback, wait until they serve, and stop them afterwards.

    Args:
        data_dir: Catalogue to serve; the services' log goes to `services.log` in it.

    Raises:
        UnavailableError: SERVICES_NOT_STARTED, with the end of their log.
    """
    ports = _free_ports(2)
    addresses = Addresses(*(f"127.0.0.1:{port}" for port in ports))
    places = {
        "SINGALIKE_HOST": "127.0.0.1",
        "SINGALIKE_EMBEDDING_PORT": str(ports[0]),
        "SINGALIKE_RECOMMENDER_PORT": str(ports[1]),
        "SINGALIKE_EMBEDDING_TARGET": addresses.embedding,
    }
    log_path = data_dir / "services.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and package
            _command_line(("serve", "all", "--data-dir", str(data_dir))),
            env={**os.environ, **places},
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        for address in (addresses.embedding, addresses.recommender):
            _wait_until_serving(address, process, log_path)
        yield addresses
    finally:
        _stop(process)


def _command_line(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "singalike.services.cli", *arguments]


def _free_ports(count: int) -> list[int]:
    # All stay bound until all are known: the system would hand out the same port twice.
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wait_until_serving(address: str, process: "subprocess.Popen[bytes]", log_path: Path) -> None:
    deadline = time.monotonic() + _START_S
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(grpc.RpcError):
                reply = health.Check(health_pb2.HealthCheckRequest(), timeout=2.0)
                if reply.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            time.sleep(_POLL_S)
    tail = "\n".join(log_path.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
    raise UnavailableError("SERVICES_NOT_STARTED", f"no answer at {address}; {log_path} ends with:\n{tail}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
