"""How long a refused caller is read from before the answer: grpc.aio loses the answer when a write fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc
import pytest
from grpc import aio

from singalike.errors import InvalidInputError
from singalike.services.wire import rpc_call
from singalike.services.wire.error_map import make_status
from singalike.services.wire.interceptor import StagesInterceptor
from singalike.services.wire.rpc_call import RpcCall
from singalike.services.wire.stages import map_errors

STATUS = make_status(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", "send something else", "request-1")


@dataclass
class Caller:
    """A gRPC context that keeps what the caller was told, and how much had been read of the caller by then."""

    read: int = 0
    told: list[tuple[grpc.StatusCode, int]] = field(default_factory=list)

    def invocation_metadata(self) -> tuple[()]:
        return ()

    async def abort(self, code: grpc.StatusCode, *_: object) -> NoReturn:
        self.told.append((code, self.read))
        raise aio.AbortError

    async def sends(self, parts: int) -> AsyncIterator[bytes]:
        for _ in range(parts):
            self.read += 1
            yield b"part"

    async def sends_for(self, duration_s: float) -> AsyncIterator[bytes]:
        """Send part after part without a pause."""
        loop = asyncio.get_running_loop()
        end = loop.time() + duration_s
        while loop.time() < end:
            await asyncio.sleep(0)
            yield b"part"
        self.read = -1

    async def stops(self) -> AsyncIterator[bytes]:
        self.read += 1
        yield b"part"
        await asyncio.Event().wait()


async def refuse(caller: Caller, unread: AsyncIterator[bytes] | None) -> None:
    context: Any = caller
    call = RpcCall("/a/B", context, {}, "request-1", "", unread=unread)
    with pytest.raises(aio.AbortError):
        await call.refuse(STATUS)


async def test_a_caller_is_answered_when_all_is_read() -> None:
    caller = Caller()

    await refuse(caller, caller.sends(7))

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, 7)]


async def test_a_caller_with_nothing_to_send_is_answered() -> None:
    caller = Caller()

    await refuse(caller, None)

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, 0)]


async def test_a_caller_who_sends_for_longer_than_a_pause_is_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_call, "LINGER_PAUSE_S", 0.2)
    caller = Caller()

    await refuse(caller, caller.sends_for(0.5))

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, -1)]


async def test_a_caller_who_stops_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_call, "LINGER_PAUSE_S", 0.02)
    caller = Caller()

    await refuse(caller, caller.stops())

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, 1)]


async def test_a_caller_who_sends_without_end_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_call, "LONGEST_LINGER_S", 0.02)
    caller = Caller()

    await refuse(caller, caller.sends_for(float("inf")))

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, 0)]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (grpc.stream_unary_rpc_method_handler, "stream_unary"),
        (grpc.stream_stream_rpc_method_handler, "stream_stream"),
    ],
)
async def test_an_upload_refused_before_its_end_is_read_to_it(make: Any, kind: str) -> None:
    async def refusing(*_: object) -> bytes:
        raise InvalidInputError("INVALID_REQUEST", "send something else")

    async def find(_: object) -> Any:
        return make(refusing)

    details: Any = type("Details", (), {"method": "/a/B"})
    handler = await StagesInterceptor([map_errors]).intercept_service(find, details)
    caller = Caller()

    with pytest.raises(aio.AbortError):
        await getattr(handler, kind)(caller.sends(7), caller)

    assert caller.told == [(grpc.StatusCode.INVALID_ARGUMENT, 7)]
