"""Whose voice a request means."""

import asyncio
from contextlib import suppress
from typing import Any

from singalike.client.profile_converters import profile_from_message
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError
from singalike.services.conversion_ports import TargetStore
from singalike.services.ports import Catalogue, Embedder
from singalike.services.wire.converters import channel_word, is_a_cappella
from singalike.services.wire.tenants import calling_tenant
from singalike.services.wire.validators import validate


class Voices:
    """Finds the profile that a request means.

    Args:
        embedder: Embeds recordings.
        catalogue: Holds enrolled voices.
        targets: Knows which of them belong to a tenant; None where tenants are not told apart.
    """

    def __init__(self, embedder: Embedder, catalogue: Catalogue, targets: TargetStore | None = None) -> None:
        self._embedder = embedder
        self._catalogue = catalogue
        self._targets = targets

    async def admit(self, request: Any) -> None:
        """Check a request, and that no voice in it is another tenant's: such voices do not exist for who calls.

        Raises:
            InvalidInputError: INVALID_REQUEST.
            NotFoundError: VOICE_NOT_FOUND.
        """
        validate(request)
        if self._targets is None:
            return
        seeds = request.options.seeds if "options" in request.DESCRIPTOR.fields_by_name else ()
        voice_ids = {request.voice_id, *(seed.voice_id for seed in seeds)} - {""}
        for voice_id in sorted(voice_ids):
            # That a voice is for recommendations only, and so nobody's, is fine.
            with suppress(WrongStateError):
                await asyncio.to_thread(self._targets.get_target, calling_tenant().name, voice_id)

    async def find_any(self, request: Any) -> VoiceProfile | None:
        """Return the profile of a validated request; None where seeds or a listener stand for a voice."""
        return None if request.WhichOneof("voice") is None else await self.find(request)

    async def find(self, request: Any) -> VoiceProfile:
        """Return the profile named by the oneof `voice` of a validated request."""
        match request.WhichOneof("voice"):
            case "voice_id":
                return (await asyncio.to_thread(self._catalogue.get_voice, request.voice_id)).profile
            case "profile":
                return await self._check_ear(profile_from_message(request.profile))
            case _:
                recording = request.recording
                a_cappella = is_a_cappella(recording, default=True)
                return await self._embedder.embed(recording.audio, channel_word(recording), a_cappella)

    async def _check_ear(self, profile: VoiceProfile) -> VoiceProfile:
        """Refuse vectors of another ear before they meet ours.

        Raises:
            WrongStateError: MODEL_VERSION_MISMATCH.
            InvalidInputError: VECTOR_WRONG_DIMENSION.
        """
        ear = await self._embedder.info()
        if profile.model_version != ear.model_version:
            raise WrongStateError(
                "MODEL_VERSION_MISMATCH",
                f"the profile was made by {profile.model_version!r}, this server listens with {ear.model_version}: "
                "embed the recording again",
            )
        dims = (profile.timbre.size, profile.style.size, profile.melody.size)
        wanted = (ear.timbre_dim, ear.style_dim, ear.melody_dim)
        if dims != wanted:
            description = f"timbre, style and melody hold {dims} values, this ear makes {wanted}"
            raise InvalidInputError(
                "VECTOR_WRONG_DIMENSION", f"{description}: embed again", (FieldViolation("profile", description),)
            )
        return profile
