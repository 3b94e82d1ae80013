"""The ear of another process, over gRPC."""

from singalike.client import AsyncClient, Recording
from singalike.embeddings.profile import VoiceProfile
from singalike.services.ports import EarInfo


class GrpcEmbedder:
    """The `Embedder` of a recommender without an ear of its own.

    Args:
        client: Connected to the embedding service; the caller closes it.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._info: EarInfo | None = None

    async def info(self) -> EarInfo:
        """Say which ear listens there; asked once, since a server keeps its ear for life."""
        if self._info is None:
            model = await self._client.get_model()
            self._info = EarInfo(model.model_version, model.timbre_dim, model.style_dim, model.melody_dim, model.device)
        return self._info

    async def embed(self, audio: bytes, channel: str = "mix", a_cappella: bool = True) -> VoiceProfile:
        """Send the recording over; the errors that come back are those of `singalike.errors`."""
        return await self._client.embed(Recording(audio, channel, a_cappella))
