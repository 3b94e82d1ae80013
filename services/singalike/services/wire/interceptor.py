"""The one interceptor of our servers: it runs every call through the stages, and reads and writes its messages.

Reading and writing happen inside the stages, so that bytes which are no message become INVALID_ARGUMENT like any other
wrong request; left to gRPC they would be INTERNAL.
"""

import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from singalike.errors import InvalidInputError
from singalike.services.wire.rpc_call import RpcCall, Stage, begin_call

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class StagesInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs alone
    """Wraps every handler in the stages.

    Args:
        stages: Outermost first.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = tuple(stages)

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Replace the handler; an unknown method stays gRPC's to refuse."""
        handler = await continuation(handler_call_details)
        return handler and self._wrap(handler, handler_call_details.method)

    def _wrap(self, handler: Handler, method: str) -> Handler:
        def unread(request: Any) -> AsyncIterator[bytes] | None:
            return request if handler.request_streaming else None

        async def one_reply(request: Any, context: "aio.ServicerContext[Any, Any]") -> bytes:
            call = begin_call(method, context, unread(request))
            try:
                async with AsyncExitStack() as entered:
                    await self._enter(entered, call)
                    reply = await serve(_read(handler, call, request), context)
                    return _write(handler, call, reply)
            except BaseException as error:
                _forget_frames(error)
                raise
            raise AssertionError("stages swallow no errors")

        async def many_replies(request: Any, context: "aio.ServicerContext[Any, Any]") -> None:
            call = begin_call(method, context, unread(request))
            try:
                async with AsyncExitStack() as entered:
                    await self._enter(entered, call)
                    answered = serve(_read(handler, call, request), _SerializingContext(handler, call))
                    if inspect.isawaitable(answered):
                        await answered
                        return
                    async with aclosing(answered) as replies:
                        async for reply in replies:
                            await context.write(_write(handler, call, reply))
            except BaseException as error:
                _forget_frames(error)
                raise

        serve: Any = next(
            served
            for served in (handler.unary_unary, handler.stream_unary, handler.unary_stream, handler.stream_stream)
            if served is not None
        )
        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[handler.request_streaming, handler.response_streaming]
        # Without serialisers gRPC passes bytes through.
        return make(many_replies if handler.response_streaming else one_reply)

    async def _enter(self, entered: AsyncExitStack, call: RpcCall) -> None:
        for stage in self._stages:
            await entered.enter_async_context(stage(call))


def _forget_frames(error: BaseException) -> None:
    """Let go of the frames that a failure went through: they hold recordings.

    An error and these frames refer to each other, at the latest in `AsyncExitStack`, and the garbage collector counts
    objects, not bytes: a hundred refused uploads would stay as 6 GB. Our log has what is worth knowing by now.
    """
    failed: BaseException | None = error
    while failed is not None:
        # Their locals first: the frame of `AsyncExitStack` keeps tracebacks among its own.
        traceback.clear_frames(failed.__traceback__)
        failed.__traceback__ = None
        failed = failed.__context__


class _SerializingContext:
    """gRPC's context for handlers that write their replies themselves, as that of health does."""

    def __init__(self, handler: Handler, call: RpcCall) -> None:
        self._handler = handler
        self._call = call

    async def write(self, reply: Any) -> None:
        await self._call.context.write(_write(self._handler, self._call, reply))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call.context, name)


def _read(handler: Handler, call: RpcCall, request: Any) -> Any:
    """Read the one request, or each as it comes."""

    def read_one(raw: bytes) -> Any:
        call.bytes_received += len(raw)
        try:
            return handler.request_deserializer(raw) if handler.request_deserializer else raw
        except (DecodeError, UnicodeDecodeError) as error:
            raise InvalidInputError(
                "MALFORMED_MESSAGE", "the bytes are not the message that this method takes: check the protos"
            ) from error

    async def read_each(stream: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for raw in stream:
            yield read_one(raw)

    return read_each(request) if handler.request_streaming else read_one(request)


def _write(handler: Handler, call: RpcCall, reply: Any) -> bytes:
    raw: bytes = handler.response_serializer(reply) if handler.response_serializer else reply
    call.bytes_sent += len(raw)
    return raw
