"""Where a server may listen."""

from pathlib import Path

import pytest
from grpc import aio

from singalike.errors import InvalidInputError, UnavailableError
from singalike.services.settings import Settings
from singalike.services.wire.listening import check_exposure, is_loopback, listen

GUARDED = {"tls_certificate": Path("c.pem"), "tls_key": Path("k.pem"), "auth_token": "secret"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_may_always_be_listened_on(host: str) -> None:
    check_exposure(Settings(host=host))

    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.org"])
@pytest.mark.parametrize("missing", ["tls", "auth_token", "everything"])
def test_other_addresses_need_encryption_and_a_token(host: str, missing: str) -> None:
    given = {} if missing == "everything" else {name: v for name, v in GUARDED.items() if not name.startswith(missing)}

    with pytest.raises(InvalidInputError) as refused:
        check_exposure(Settings(host=host, **given))  # type: ignore[arg-type]

    assert refused.value.reason == "UNSAFE_ADDRESS"


def test_with_both_or_in_a_trusted_network_any_address_will_do() -> None:
    check_exposure(Settings(host="0.0.0.0", **GUARDED))  # type: ignore[arg-type]
    check_exposure(Settings(host="0.0.0.0", trust_network=True))


def test_half_of_the_encryption_is_a_mistake() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_exposure(Settings(tls_certificate=Path("c.pem")))

    assert refused.value.reason == "BAD_SETTING"


async def test_a_port_in_use_is_said() -> None:
    first, second = aio.server(options=(("grpc.so_reuseport", 0),)), aio.server(options=(("grpc.so_reuseport", 0),))
    port = listen(first, Settings(), 0)

    with pytest.raises(UnavailableError) as refused:
        listen(second, Settings(), port)

    assert refused.value.reason == "PORT_TAKEN"
    for server in (first, second):
        await server.stop(None)


async def test_a_certificate_that_is_not_there_is_said(tmp_path: Path) -> None:
    server = aio.server()
    settings = Settings(tls_certificate=tmp_path / "c.pem", tls_key=tmp_path / "k.pem")

    with pytest.raises(InvalidInputError) as refused:
        listen(server, settings, 0)

    assert refused.value.reason == "NOT_READABLE"
    await server.stop(None)
