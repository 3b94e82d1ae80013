"""The ear in this process: decoding in guarded children, separation and the model each on a thread of their own."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from singalike.audio.separation import IdentitySeparator, Separator
from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import CapacityError
from singalike.services.embedding.batcher import MicroBatcher
from singalike.services.ports import EarInfo, SoundDecoder
from singalike.services.recordings import keep_channel
from singalike.services.settings import Settings

Value = TypeVar("Value")

IDENTITY = IdentitySeparator.name


class Ear(Protocol):
    """What embeds; `singalike.embeddings.encoder.VoiceEncoder`."""

    @property
    def model_version(self) -> str:
        """Stored with every vector."""

    @property
    def timbre_dim(self) -> int:
        """Length of timbre vectors."""

    @property
    def style_dim(self) -> int:
        """Length of style vectors."""

    @property
    def melody_dim(self) -> int:
        """Length of melody vectors."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed recordings of voices alone."""


class LocalEmbedder:
    """The `Embedder` of a process that has the ear itself; close it after use.

    Args:
        ear: Embeds.
        decoder: Decodes.
        separator: Takes vocals out of mixtures.
        settings: Sizes of batches, queue and pools.
    """

    def __init__(self, ear: Ear, decoder: SoundDecoder, separator: Separator, settings: Settings) -> None:
        self._ear = ear
        self._decoder = decoder
        self._separator = separator
        self._decoding = ThreadPoolExecutor(settings.decoder_processes, thread_name_prefix="decoding")
        self._separating = ThreadPoolExecutor(1, thread_name_prefix="separating")
        self._batcher: MicroBatcher[Sound, VoiceProfile] = MicroBatcher(
            ear.encode,
            max_batch=settings.max_batch,
            max_delay_s=settings.max_batch_delay_ms / 1000,
            queue_size=settings.queue_size,
            bucket=_length_bucket,
        )
        # Decoded sound is large (115 MB for 10 minutes at 48 kHz): only this many recordings are worked on at once.
        self._places = asyncio.Semaphore(2 * settings.max_batch)
        self._most_inside = settings.queue_size + 2 * settings.max_batch
        self._inside = 0

    @property
    def decoder(self) -> SoundDecoder:
        """What decodes, for whoever has sound of other kinds to decode."""
        return self._decoder

    @property
    def separator_name(self) -> str:
        """Which separator works on mixtures."""
        return self._separator.name

    async def info(self) -> EarInfo:
        """Say which ear listens."""
        ear = self._ear
        return EarInfo(ear.model_version, ear.timbre_dim, ear.style_dim, ear.melody_dim, ear.device)

    async def embed(self, audio: bytes, channel: str = "mix", a_cappella: bool = True) -> VoiceProfile:
        """Decode, separate when not `a_cappella`, and embed."""
        async with self.place():
            sound = await self.decode(audio, channel)
            vocal = sound if a_cappella else await self.separate(sound)
            return await self.encode(vocal)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place to work on one recording, from decoding to the end.

        Raises:
            CapacityError: QUEUE_FULL, too many wait already.
        """
        if self._inside >= self._most_inside:
            raise CapacityError(
                "QUEUE_FULL", f"{self._most_inside} recordings are being heard or wait: try again", retry_after_s=1.0
            )
        self._inside += 1
        try:
            async with self._places:
                yield
        finally:
            self._inside -= 1

    async def decode(self, audio: bytes, channel: str) -> Sound:
        """Decode in a child and keep the wanted channel; of a "mix" both, for the separator."""
        return await _in_pool(self._decoding, lambda: keep_channel(self._decoder.decode(audio), channel))

    async def separate(self, sound: Sound) -> Sound:
        """Take the vocal out, as one channel."""
        return await _in_pool(self._separating, lambda: self._separator.separate(sound).mono())

    async def encode(self, vocal: Sound) -> VoiceProfile:
        """Embed together with whatever else waits."""
        return await self._batcher.submit(vocal)

    async def close(self) -> None:
        """Stop the threads; what runs ends first."""
        await self._batcher.close()
        for pool in (self._decoding, self._separating):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)


def _length_bucket(sound: Sound) -> int:
    """Put recordings within a factor of two of each other together: a short one never waits for a long one's batch."""
    return math.floor(math.log2(max(sound.duration_s, 1.0)))


async def _in_pool(pool: ThreadPoolExecutor, work: Callable[[], Value]) -> Value:
    return await asyncio.get_running_loop().run_in_executor(pool, work)
