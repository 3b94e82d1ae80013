"""Where a server listens, and what it refuses to listen on."""

import ipaddress
from pathlib import Path

import grpc
from grpc import aio

from singalike.errors import InvalidInputError, UnavailableError
from singalike.services.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Refuse to listen where strangers may call, unless calls are encrypted and carry a token.

    Raises:
        InvalidInputError: UNSAFE_ADDRESS; BAD_SETTING, half of the TLS files is missing.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise InvalidInputError(
            "BAD_SETTING", "set SINGALIKE_TLS_CERTIFICATE and SINGALIKE_TLS_KEY together. See docs/settings.md"
        )
    asks_for_tokens = settings.tenants is not None or bool(settings.auth_token.get_secret_value())
    guarded = settings.tls_certificate is not None and asks_for_tokens
    if not (is_loopback(settings.host) or guarded or settings.trust_network):
        raise InvalidInputError(
            "UNSAFE_ADDRESS",
            f"{settings.host} can be reached by others: set SINGALIKE_TLS_CERTIFICATE, SINGALIKE_TLS_KEY and "
            "SINGALIKE_AUTH_TOKEN, or SINGALIKE_TRUST_NETWORK=true inside a private network",
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address; a name other than localhost may resolve to anything."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def listen(server: aio.Server, settings: Settings, port: int) -> int:
    """Bind a server; returns the port, which gRPC chose when it was 0.

    Raises:
        UnavailableError: PORT_TAKEN.
        InvalidInputError: NOT_READABLE, a TLS file.
    """
    host = f"[{settings.host}]" if ":" in settings.host and not settings.host.startswith("[") else settings.host
    address = f"{host}:{port}"
    try:
        if settings.tls_certificate is None or settings.tls_key is None:
            return server.add_insecure_port(address)
        pair = (_read(settings.tls_key), _read(settings.tls_certificate))
        return server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    except RuntimeError as error:
        raise UnavailableError("PORT_TAKEN", f"cannot listen on {address}: choose another port or address") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError("NOT_READABLE", f"{path} cannot be read: {error.strerror}") from error
