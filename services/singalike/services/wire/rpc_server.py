"""A gRPC server with everything around its service: stages, health, reflection, graceful stop."""

from collections.abc import Callable

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from singalike.client.channels import MAX_MESSAGE_BYTES
from singalike.services.settings import Settings
from singalike.services.wire.interceptor import StagesInterceptor
from singalike.services.wire.listening import listen
from singalike.services.wire.stages import build_stages

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Without this a second server on the same port would silently take half of the calls.
    ("grpc.so_reuseport", 0),
    # Clients may ask for signs of life as often as ours does, also between calls.
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class RpcServer:
    """Serves one service on one port.

    Args:
        name: Full name of the service, "singalike.v1.EmbeddingService".
        register: Adds the servicer to the server.
        settings: Address, limits, token.
        port: 0: any free.
        before_stop: Sends away those whose calls would not end by themselves.
    """

    def __init__(
        self,
        name: str,
        register: Callable[[aio.Server], None],
        settings: Settings,
        port: int,
        before_stop: Callable[[], object] = lambda: None,
    ) -> None:
        self._name = name
        self._before_stop = before_stop
        self._grace_s = settings.grace_s
        self._server = aio.server(interceptors=(StagesInterceptor(build_stages(settings)),), options=OPTIONS)
        register(self._server)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # its stubs lack the half for asyncio
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            reflection.enable_server_reflection((name, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.port = listen(self._server, settings, port)

    async def start(self) -> None:
        """Take calls and say so."""
        await self._server.start()
        for service in ("", self._name):
            await self._health.set(service, SERVING)

    async def stop(self) -> None:
        """Say NOT_SERVING, take no more calls, and let those in flight finish within the grace period."""
        await self._health.enter_graceful_shutdown()
        self._before_stop()
        await self._server.stop(self._grace_s)
