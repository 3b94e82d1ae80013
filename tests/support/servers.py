"""All services in this process on free ports, with the small ear and real decoding, catalogue and index."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from singalike.audio.separation import IdentitySeparator
from singalike.client import AsyncClient
from singalike.services import bootstrap
from singalike.services.adapters.memory_jobs import MemoryJobs
from singalike.services.server import Ports, Which, serving
from singalike.services.settings import Settings
from tests.support.fake_ear import FakeEar
from tests.support.patience import PATIENCE_S


@dataclass(frozen=True)
class Running:
    """Servers that run, and a client connected to them."""

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

    @property
    def conversion(self) -> str:
        """Address of the conversion service."""
        return f"127.0.0.1:{self.ports.conversion}"

    def address(self, service: str) -> str:
        """Address of "Embedding", "Recommender" or "Conversion"."""
        return str(getattr(self, service.lower()))


def small_settings(data_dir: Path, **changes: object) -> Settings:
    """Settings of a test server."""
    free = {f"{name}_port": 0 for name in ("embedding", "recommender", "conversion")}
    given = {"data_dir": data_dir, "index": "exact", "decoder_processes": 1, "conversion_workers": 0, **free}
    unhurried = {"default_deadline_s": PATIENCE_S, "grace_s": 5.0, "min_free_disk_mb": 0}
    return Settings(**{**given, **unhurried, **changes})  # type: ignore[arg-type]


def use_fake_ear(monkeypatch: pytest.MonkeyPatch, ear: object | None = None) -> None:
    """Let servers started in this test listen with the small ear, and keep jobs in memory."""
    monkeypatch.setattr(bootstrap, "load_encoder", lambda settings: ear or FakeEar())
    monkeypatch.setattr(bootstrap, "build_separator", lambda settings: IdentitySeparator(), raising=False)
    monkeypatch.setattr(bootstrap, "open_jobs", lambda settings: MemoryJobs())


@asynccontextmanager
async def running(settings: Settings, which: Which = "all", token: str = "") -> AsyncIterator[Running]:
    """Serve on free ports while the block runs."""
    async with serving(which, settings) as ports:
        addresses = (f"127.0.0.1:{port}" for port in (ports.embedding, ports.recommender, ports.conversion))
        async with AsyncClient(*addresses, token=token, deadline_s=PATIENCE_S) as client:
            yield Running(client, ports)
