"""What every separator of vocals offers."""

from typing import Protocol

from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches


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
