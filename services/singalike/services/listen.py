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
        sound = decoder.decode(audio)
    if mixture:  # a separator hears where in the stereo picture the voice stands, so both channels are mixed after it
        heard = sound if channel == "mix" else select_channel(sound, channel)
        vocals = bootstrap.build_separator(settings).separate(heard).mono()
    else:
        vocals = select_channel(sound, channel)
    return ear.encode([vocals])[0]
