"""What every separator of vocals offers."""

from typing import Protocol

from singalike.audio.sound import Sound


class Separator(Protocol):
    """Takes the vocals out of a mixture."""

    @property
    def name(self) -> str:
        """Short name, stored with every track that went through it."""

    def separate(self, sound: Sound) -> Sound:
        """Return the vocals, at the same sample rate and with the same number of channels and samples.

        Args:
            sound: A mixture, or a voice alone.
        """


class IdentitySeparator:
    """For recordings that are a voice alone already."""

    name = "identity"

    def separate(self, sound: Sound) -> Sound:
        """Return the sound itself."""
        return sound
