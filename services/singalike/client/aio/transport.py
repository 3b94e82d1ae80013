"""Connecting and waiting with asyncio; `singalike.client.sync.transport` does the same without."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from grpc import aio

from singalike.client import channels

P = ParamSpec("P")
Answer = TypeVar("Answer")


def connect(target: str, root_certificates: bytes | None, *, tls: bool) -> aio.Channel:
    """Make ready to call a service, by TLS where certificates are given or asked for."""
    if tls or root_certificates:
        return aio.secure_channel(target, channels.credentials(root_certificates), channels.OPTIONS)
    return aio.insecure_channel(target, channels.OPTIONS)


async def close(channel: aio.Channel) -> None:
    """Let go of a connection."""
    await channel.close(None)


def cancel(call: Any) -> None:
    """Stop listening to a stream."""
    call.cancel()


async def sleep(seconds: float) -> None:
    """Let others work for a while."""
    await asyncio.sleep(seconds)


async def in_thread(function: Callable[P, Answer], *args: P.args, **options: P.kwargs) -> Answer:
    """Do what would hold the loop up."""
    return await asyncio.to_thread(function, *args, **options)
