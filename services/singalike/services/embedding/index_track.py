"""Use case: one recording into the catalogue, with news of how far it is, and out of it again."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import NotFoundError
from singalike.services.embedding.local_embedder import IDENTITY, LocalEmbedder
from singalike.services.ports import Catalogue, SongKeeper
from singalike.services.records import Track, TrackInfo

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stage:
    """A stage that is done, and its share of the whole work in [0, 1]."""

    name: str
    share: float


RECEIVED, DECODED, SEPARATED, EMBEDDED, STORED = (
    Stage("received", 0.1),
    Stage("decoded", 0.2),
    Stage("separated", 0.6),
    Stage("embedded", 0.95),
    Stage("stored", 1.0),
)


def nobody_follows() -> None:
    """Tell no index of a write: that of another process looks by itself."""


class TrackIndexer:
    """Takes recordings in and erases tracks.

    Args:
        embedder: The ear.
        catalogue: Where tracks are kept.
        after_add: Brings the index of this process in step before an added track is acknowledged.
        after_erase: Brings all that ranks in step, so that what is acknowledged as erased is never suggested again.
        songs: Keeps the sound of tracks, so that they can be converted; None: their vectors are all that is kept.
    """

    def __init__(
        self,
        embedder: LocalEmbedder,
        catalogue: Catalogue,
        after_add: Callable[[], object] = nobody_follows,
        after_erase: Callable[[], object] = nobody_follows,
        songs: SongKeeper | None = None,
    ) -> None:
        self._embedder = embedder
        self._catalogue = catalogue
        self._after_add = after_add
        self._after_erase = after_erase
        self._songs = songs

    async def index(
        self, audio: bytes, info: TrackInfo, *, channel: str, a_cappella: bool
    ) -> AsyncGenerator[Stage | Track, None]:
        """Decode, separate, embed and store; the last item is the track as it stands in the catalogue.

        Bytes that this ear has heard before through the same separator are not heard again.
        """
        yield RECEIVED
        digest = (await asyncio.to_thread(hashlib.sha256, audio)).hexdigest()
        separator = IDENTITY if a_cappella else self._embedder.separator_name
        heard = await asyncio.to_thread(self._find, digest, separator, (await self._embedder.info()).model_version)
        if heard is None:
            async with self._embedder.place():
                sound = await self._embedder.decode(audio, channel)
                yield DECODED
                vocal = sound if a_cappella else await self._embedder.separate(sound)
                yield SEPARATED
                heard = sound.duration_s, await self._embedder.encode(vocal)
            yield EMBEDDED
        duration_s, profile = heard
        track = await self._store(info, digest, duration_s, separator, profile)
        if self._songs is not None:
            await _finish(partial(self._songs.keep, audio, digest, channel, a_cappella=a_cappella))
        yield STORED
        yield track

    def _find(self, digest: str, separator: str, model_version: str) -> tuple[float, VoiceProfile] | None:
        """Return length and profile of a recording that was heard before."""
        known = self._catalogue.find_content(digest, model_version)
        if known is None or known.separator != separator:
            return None
        try:
            return known.duration_s, self._catalogue.get_track(known.track_id).profile
        except NotFoundError:  # erased since it was found
            return None

    async def delete(self, track_id: str) -> None:
        """Erase a track; raises NotFoundError TRACK_NOT_FOUND."""

        def erase() -> None:
            self._catalogue.remove_track(track_id)
            self._after_erase()

        await _finish(erase)

    async def _store(
        self, info: TrackInfo, digest: str, duration_s: float, separator: str, profile: VoiceProfile
    ) -> Track:
        def write() -> Track:
            track = self._catalogue.add_track(info, digest, duration_s, separator, profile)
            self._after_add()
            return track

        return await _finish(write)


async def _finish(write: Callable[[], Value]) -> Value:
    """Finish a write that has begun even when the caller goes: the answer is lost, the index is not left behind."""
    return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(write)))
