"""Servers with a small catalogue: three singers with two songs each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from singalike.client import TrackDescription
from tests.support.recordings import encode, tone
from tests.support.servers import Running, running, small_settings

EQUAL = 1e-6
"""Floats cross the wire as they are; only sums of float32 differ."""


def mp3(f0_hz: float, duration_s: float = 4.0, channels: int = 1) -> bytes:
    """Encode a tone."""
    return encode(tone(duration_s, channels=channels, f0_hz=f0_hz), 44_100, "mp3", "libmp3lame")


@asynccontextmanager
async def six_tracks(folder: Path) -> AsyncIterator[Running]:
    """Serve songs 0 to 5 of singers 0 to 2, in pop and folk by turns; start it with the small ear in use."""
    async with running(small_settings(folder, max_upload_mb=5)) as servers:
        for number in range(6):
            info = TrackDescription(
                f"Singer {number % 3}", f"Song {number}", "folk" if number % 2 else "pop", voice_gender="female"
            )
            await servers.client.index_track(mp3(140.0 + 30.0 * number), info)
        yield servers
