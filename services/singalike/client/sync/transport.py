"""Connecting and waiting in ordinary programs; written by hand, unlike the modules of calls beside it."""

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import grpc

from singalike.client import channels

P = ParamSpec("P")
Answer = TypeVar("Answer")


def connect(target: str, root_certificates: bytes | None, *, tls: bool) -> grpc.Channel:
    """Make ready to call a service, by TLS where certificates are given or asked for."""
    if tls or root_certificates:
        return grpc.secure_channel(target, channels.credentials(root_certificates), channels.OPTIONS)
    return grpc.insecure_channel(target, channels.OPTIONS)


def close(channel: grpc.Channel) -> None:
    """Let go of a connection."""
    channel.close()


def cancel(call: Any) -> None:
    """Stop listening to a stream."""
    call.cancel()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def in_thread(function: Callable[P, Answer], *args: P.args, **options: P.kwargs) -> Answer:
    """Do it here: nobody else waits for this thread."""
    return function(*args, **options)
