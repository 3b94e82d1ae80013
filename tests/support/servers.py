"""Both services in this process on free ports, with the small ear and real decoding, catalogue and index."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from singalike.audio.separation import IdentitySeparator
from singalike.client import AsyncClient
from singalike.services import bootstrap
from singalike.services.server import Ports, Which, serving
from singalike.services.settings import Settings
from tests.support.fake_ear import FakeEar


@dataclass(frozen=True)
class Running:
    """Servers that run, and a client connected to both."""

    client: AsyncClient
    ports: Ports

    @property
    def embedding(self) -> str:
        """Address of the embedding service."""
        return f"127.0.0.1:{self.ports.embedding}"

    @property
    def recommender(self) -> str:
        """Address of the recommender service."""
        return f"127.0.0.1:{self.ports.recommender}"


def small_settings(data_dir: Path, **changes: object) -> Settings:
    """Settings of a test server."""
    given = {"data_dir": data_dir, "index": "exact", "embedding_port": 0, "recommender_port": 0, "decoder_processes": 1}
    return Settings(**{**given, "grace_s": 5.0, "min_free_disk_mb": 0, **changes})  # type: ignore[arg-type]


def use_fake_ear(monkeypatch: pytest.MonkeyPatch, ear: object | None = None) -> None:
    """Let servers started in this test listen with the small ear."""
    monkeypatch.setattr(bootstrap, "load_encoder", lambda settings: ear or FakeEar())
    monkeypatch.setattr(bootstrap, "build_separator", lambda settings: IdentitySeparator(), raising=False)


@asynccontextmanager
async def running(settings: Settings, which: Which = "all", token: str = "") -> AsyncIterator[Running]:
    """Serve on free ports while the block runs."""
    async with serving(which, settings) as ports:
        embedding = f"127.0.0.1:{ports.embedding}"
        async with AsyncClient(embedding, f"127.0.0.1:{ports.recommender}", token=token) as client:
            yield Running(client, ports)
