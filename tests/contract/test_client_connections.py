"""How clients find servers: over TLS, and another one when the first is gone."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from singalike.client import AsyncClient
from singalike.errors import UnavailableError
from singalike.services.server import serving
from tests.support.servers import small_settings, use_fake_ear


@pytest.fixture(autouse=True)
def small_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_ear(monkeypatch)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test")
    pair = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(pair[0]), "-keyout", str(pair[1])]
    subprocess.run(command, check=True, capture_output=True)
    return pair


async def test_calls_are_encrypted_when_the_server_has_a_certificate(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    settings = small_settings(tmp_path, tls_certificate=certificate[0], tls_key=certificate[1], auth_token="secret")
    async with serving("embedding", settings) as ports:
        target = f"127.0.0.1:{ports.embedding}"
        alone = settings.model_copy(update={"embedding_target": target})
        async with (
            AsyncClient(target, token="secret", root_certificates=certificate[0].read_bytes()) as client,
            AsyncClient(target, token="secret", deadline_s=3.0) as plain,
            serving("recommender", alone) as others,
        ):
            model = await client.get_model()
            with pytest.raises(UnavailableError):
                await plain.get_model()

    assert model.model_version == "fake-1"
    assert others.recommender


async def test_when_one_of_two_servers_stops_no_call_fails(tmp_path: Path) -> None:
    stop, outcomes = asyncio.Event(), []

    async def first(port: "asyncio.Future[int | None]") -> None:
        async with serving("embedding", small_settings(tmp_path / "one")) as ports:
            port.set_result(ports.embedding)
            await stop.wait()

    port: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    stopping = asyncio.create_task(first(port))
    # One after the other: Alembic works on one database of a process at a time.
    first_port = await port
    async with serving("embedding", small_settings(tmp_path / "two")) as ports:
        targets = f"ipv4:127.0.0.1:{first_port},127.0.0.1:{ports.embedding}"
        async with AsyncClient(targets) as client:
            for number in range(300):
                if number == 100:
                    stop.set()
                outcomes.append((await client.get_model()).model_version)
        await stopping

    assert outcomes == ["fake-1"] * 300
