"""What happens around every call, outermost first: log, errors to statuses, token, deadline, admission.

The log comes first, so that it knows how every call ended, and errors are mapped right inside it, so that a refusal by
any later stage carries the same details as one by the handler.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
import structlog
from grpc import aio

from singalike.errors import CapacityError, SingalikeError, for_operators
from singalike.services.conversion_records import Tenant
from singalike.services.settings import Settings
from singalike.services.wire.error_map import make_status, status_of
from singalike.services.wire.rpc_call import RpcCall, Stage
from singalike.services.wire.tenants import CALLER, Tenants, load_tenants

LOG = structlog.get_logger()

LONG_METHODS = frozenset({"IndexTrack", "GetMap", "GetExperimentReport", "CreateVoiceProfile", "DownloadConversion"})
"""A track may be ten minutes long and its vocal must be separated first, and so may a person's recordings; a map of
many singers and a report on all that listeners did take their time; a song goes out as fast as its caller reads."""
ENDLESS_METHODS = frozenset({"WatchConversion"})
"""Streams that live as long as there is something to tell."""
LONG_FACTOR = 60.0
LONGEST_DEADLINE_S = 3600.0

AUDIO_METHODS = frozenset(
    {
        "Embed",
        "UploadEmbed",
        "EmbedBatch",
        "IndexTrack",
        "RecommendSingers",
        "RecommendSongs",
        "ExplainSinger",
        "IdentifySinger",
        "CreateVoice",
        "CreateVoiceProfile",
    }
)
"""Calls that may hold a recording; they wait for the ear, so that no more of them come in than may wait there."""
QUICK_CALLS = 1024
"""Calls of any other method that may be in flight at once."""

BEARER = b"Bearer "


def build_stages(settings: Settings) -> Sequence[Stage]:
    """Put the stages in their order."""
    return (
        log_call(time.perf_counter),
        map_errors,
        check_token(load_tenants(settings)),
        cap_deadline(settings.default_deadline_s),
        limit_calls(settings.queue_size + settings.max_batch),
    )


def log_call(clock: Callable[[], float]) -> Stage:
    """Write one line for each call when it has ended: never audio, vectors or tokens."""

    @asynccontextmanager
    async def stage(call: RpcCall) -> AsyncIterator[None]:
        started = clock()
        try:
            yield
        except asyncio.CancelledError:
            _note_cancellation(call)
            raise
        finally:
            write = LOG.debug if call.is_health else LOG.info
            write(
                "rpc_finished",
                method=call.method.lstrip("/"),
                code=call.code.name,
                reason=call.reason,
                duration_ms=round((clock() - started) * 1000, 3),
                bytes_received=call.bytes_received,
                bytes_sent=call.bytes_sent,
                request_id=call.request_id,
                trace_id=call.trace_id,
                tenant=call.tenant,
            )

    return stage


def _note_cancellation(call: RpcCall) -> None:
    """Tell why gRPC cancelled: it does so when the caller has gone or the caller's deadline has passed."""
    remaining_s = call.context.time_remaining()
    late = remaining_s is not None and remaining_s <= 0
    call.code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
    call.reason = call.code.name


@asynccontextmanager
async def map_errors(call: RpcCall) -> AsyncIterator[None]:
    """Turn errors of the domain into statuses with details, and anything else into INTERNAL with an id."""
    try:
        yield
    except aio.AbortError:
        raise
    except SingalikeError as error:
        call.reason = error.reason
        status = status_of(error, call.request_id)
        if status.code == grpc.StatusCode.INTERNAL.value[0]:
            LOG.exception("rpc_failed", method=call.method, request_id=call.request_id)
        elif for_operators(error) != error.message:
            told = {"method": call.method, "request_id": call.request_id, "message": for_operators(error)}
            LOG.warning("rpc_hindered", reason=error.reason, **told)
    except Exception:
        # The border of the process: whatever it is, the caller gets an id and our log the text.
        call.reason = "INTERNAL"
        LOG.exception("rpc_failed", method=call.method, request_id=call.request_id)
        message = f"this is our fault: tell the operator the request id {call.request_id}"
        status = make_status(grpc.StatusCode.INTERNAL, "INTERNAL", message, call.request_id)
    else:
        return
    await call.refuse(status)


def check_token(tenants: Tenants) -> Stage:
    """Let only callers with a tenant's bearer token in, and note whose it is; probes of health need none."""

    @asynccontextmanager
    async def stage(call: RpcCall) -> AsyncIterator[None]:
        given = call.metadata.get("authorization", "")
        given_bytes = given if isinstance(given, bytes) else given.encode("utf-8", "replace")
        caller = tenants.find(given_bytes.removeprefix(BEARER)) if given_bytes.startswith(BEARER) else None
        if caller is None and tenants.ask_for_tokens and not call.is_health:
            call.reason = "TOKEN_MISSING" if not given else "TOKEN_WRONG"
            message = "send the metadata `authorization: Bearer TOKEN` with the operator's token"
            await call.refuse(make_status(grpc.StatusCode.UNAUTHENTICATED, call.reason, message, call.request_id))
        call.tenant = caller.name if caller else ""
        CALLER.set(caller or Tenant())
        yield

    return stage


def cap_deadline(default_s: float) -> Stage:
    """Give calls without a deadline one; a caller's own deadline is gRPC's to keep, up to an hour."""

    @asynccontextmanager
    async def stage(call: RpcCall) -> AsyncIterator[None]:
        own_s = call.context.time_remaining()
        limit_s = LONGEST_DEADLINE_S
        if own_s is None:
            limit_s = default_s * (LONG_FACTOR if call.short_method in LONG_METHODS else 1.0)
        # A shorter deadline of the caller is gRPC's to keep. Watch is a health stream that lives as long as its caller.
        endless = call.is_health or call.short_method in ENDLESS_METHODS
        ours = not endless and (own_s is None or own_s > limit_s)
        timeout = asyncio.timeout(limit_s if ours else None)
        try:
            async with timeout:
                yield
        except TimeoutError:
            if not timeout.expired():
                raise
            call.reason = "DEADLINE_EXCEEDED"
            message = f"not done within {limit_s:g} s: set a longer deadline or send less"
            await call.refuse(make_status(grpc.StatusCode.DEADLINE_EXCEEDED, call.reason, message, call.request_id))

    return stage


def limit_calls(audio_calls: int, quick_calls: int = QUICK_CALLS) -> Stage:
    """Refuse calls of a method beyond so many at once, before they cost anything."""
    in_flight: Counter[str] = Counter()

    @asynccontextmanager
    async def stage(call: RpcCall) -> AsyncIterator[None]:
        limit = audio_calls if call.short_method in AUDIO_METHODS else quick_calls
        if in_flight[call.method] >= limit and not call.is_health:
            raise CapacityError(
                "TOO_MANY_CALLS", f"{limit} calls of {call.short_method} are in flight: try again", retry_after_s=1.0
            )
        in_flight[call.method] += 1
        try:
            yield
        finally:
            in_flight[call.method] -= 1

    return stage
