"""One recording from a file to a profile, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError
from singalike.services import bootstrap
from singalike.services.settings import Settings


class Ear(Protocol):
    """What turns vocals into profiles."""

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed recordings of one voice each."""


def listen_to_file(path: Path, settings: Settings, ear: Ear, *, channel: str, mixture: bool) -> VoiceProfile:
    """Decode in a guarded child, separate a mixture, and embed.

    Args:
        path: A recording.
        settings: Limits of decoding, and the separator.
        ear: The encoder.
        channel: "mix", "left" or "right".
        mixture: Whether there is accompaniment to take away.

    Raises:
        InvalidInputError: NOT_READABLE, or the documented reason of decoding or embedding.
    """
    from singalike.audio.decoding import select_channel

    try:
        audio = path.read_bytes()
    except OSError as error:
        raise InvalidInputError("NOT_READABLE", f"{path} cannot be read: {error.strerror}") from error
    with bootstrap.build_decoder(settings) as decoder:
        sound = select_channel(decoder.decode(audio), channel)
    vocals = bootstrap.build_separator(settings).separate(sound) if mixture else sound
    return ear.encode([vocals])[0]
