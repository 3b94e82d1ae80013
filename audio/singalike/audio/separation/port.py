"""What every separator of vocals offers."""

from collections.abc import Callable
from typing import Protocol

from singalike.audio.sound import Sound

Watch = Callable[[float], None]
"""Called at least once a second or so with the share done, in [0, 1], growing; what it raises ends the work."""


def nobody_watches(_share: float) -> None:
    """Stand in for who neither shows progress nor stops the work."""


class Separator(Protocol):
    """Takes the vocals out of a mixture."""

    @property
    def name(self) -> str:
        """Short name, stored with every track that went through it."""

    @property
    def version(self) -> str:
        """Names what decides its vocals beside the song: vocals are kept under name and version."""

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the vocals, at the same sample rate and with the same number of channels and samples.

        Args:
            sound: A mixture, or a voice alone.
            watch: Sees how far the work is, and may stop it.
        """


class IdentitySeparator:
    """For recordings that are a voice alone already."""

    name = "identity"
    version = "1"

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the sound itself."""
        watch(1.0)
        return sound
