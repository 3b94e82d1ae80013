"""How a client connects: retries, sizes, keep-alive, TLS and token."""

import json
from collections.abc import Sequence

import grpc

SERVICES = (
    "singalike.v1.EmbeddingService",
    "singalike.v1.RecommenderService",
    "singalike.v1.ConversionService",
)

MAX_MESSAGE_BYTES = 16 * 2**20
"""Largest message that either side takes."""

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": service} for service in SERVICES],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                # CANCELLED is what a server that shuts down says of a call that it had not taken up yet; a call that
                # its caller cancels is never tried again.
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}

OPTIONS: Sequence[tuple[str, object]] = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    # A restarted server is found again within this time; the default waits up to two minutes.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.primary_user_agent", "singalike-client"),
)


def credentials(root_certificates: bytes | None) -> grpc.ChannelCredentials:
    """Trust these certificates (PEM); None: those of the system."""
    return grpc.ssl_channel_credentials(root_certificates=root_certificates)


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    """Head every call with the token."""
    return (("authorization", f"Bearer {token}"),) if token else ()
