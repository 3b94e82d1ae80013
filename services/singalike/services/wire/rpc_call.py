"""One call on its way through the server, and how it is refused."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.rpc import status_pb2
from grpc import aio
from grpc_status import rpc_status

REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LINGER_PAUSE_S = 1.0
"""A refused caller who sends nothing for so long has stopped, and waits for the answer."""
LONGEST_LINGER_S = 30.0
"""How long a refused caller may finish sending: as long as our clients wait for an upload."""

TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass
class RpcCall:
    """What the stages know of a call, and what they note for its log line.

    Attributes:
        method: Full name, "/singalike.v1.EmbeddingService/Embed".
        context: gRPC's.
        metadata: What the caller sent along, last value of each key.
        request_id: The caller's x-request-id, or a random one.
        trace_id: Of the W3C traceparent; empty without one.
        code, reason: How it ended.
        bytes_received, bytes_sent: Of all messages.
        unread: What a caller may still be sending while we answer.
        tenant: Application that calls; empty where tokens are not asked for.
    """

    method: str
    context: "aio.ServicerContext[Any, Any]"
    metadata: Mapping[str, str | bytes]
    request_id: str
    trace_id: str
    code: grpc.StatusCode = grpc.StatusCode.OK
    reason: str = ""
    bytes_received: int = 0
    bytes_sent: int = 0
    unread: AsyncIterator[bytes] | None = None
    tenant: str = ""

    @property
    def short_method(self) -> str:
        """The last part of the name."""
        return self.method.rpartition("/")[2]

    @property
    def is_health(self) -> bool:
        """Whether a prober asks: it has no token and would fill the log."""
        return self.method.startswith("/grpc.health.v1.Health/")

    async def refuse(self, status: status_pb2.Status) -> NoReturn:
        """End the call with this status."""
        await self._linger()
        raised = rpc_status.to_status(status)
        self.code = raised.code
        try:
            await self.context.abort(raised.code, raised.details, raised.trailing_metadata)
        except aio.AbortError:
            raise
        except aio.BaseError as error:
            # The caller has gone while we answered, and gRPC would log a failure of ours.
            raise asyncio.CancelledError from error
        raise AssertionError("abort never returns")

    async def _linger(self) -> None:
        """Read what is still on its way: grpc.aio tells a caller INTERNAL, not our status, when a write fails.

        It writes that over the status even after this has come, so the caller must have nothing left to write.
        """
        if self.unread is None:
            return
        try:
            async with asyncio.timeout(LONGEST_LINGER_S):
                while True:
                    async with asyncio.timeout(LINGER_PAUSE_S):
                        await anext(self.unread)
        except (StopAsyncIteration, TimeoutError, aio.BaseError):
            # Somebody who sends without end is not waited for, and one who has gone cannot be read from any more.
            return


Stage = Callable[[RpcCall], AbstractAsyncContextManager[None]]
"""Wraps the handling of every call; stages nest in their order."""


def begin_call(
    method: str, context: "aio.ServicerContext[Any, Any]", unread: AsyncIterator[bytes] | None = None
) -> RpcCall:
    """Read who calls; ids that are not well-formed are replaced, so that nothing strange reaches the log."""
    metadata: dict[str, str | bytes] = dict(context.invocation_metadata() or ())
    request_id, trace_parent = metadata.get("x-request-id", ""), metadata.get("traceparent", "")
    well_formed = isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id)
    trace = TRACE_PARENT.fullmatch(trace_parent) if isinstance(trace_parent, str) else None
    return RpcCall(
        method=method,
        context=context,
        metadata=metadata,
        request_id=str(request_id) if well_formed else uuid.uuid4().hex,
        trace_id=trace.group(1) if trace else "",
        unread=unread,
    )
