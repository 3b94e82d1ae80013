"""One recording from a file to a profile, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.services import bootstrap
from singalike.services.recordings import read_recording, take_vocals
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
        SingalikeError: With the documented reason of reading, decoding or embedding.
    """
    audio = read_recording(path, settings.max_upload_mb * 2**20)
    separator = bootstrap.build_separator(settings) if mixture else None
    with bootstrap.build_decoder(settings) as decoder:
        vocals = take_vocals(decoder.decode(audio), channel, separator)
    return ear.encode([vocals])[0]
