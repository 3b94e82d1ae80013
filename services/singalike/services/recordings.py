"""What stands between a recording and the ear: its bytes, the wanted channel, the vocals alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from singalike.audio.sound import Sound
from singalike.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from singalike.audio.separation import Separator


def read_recording(path: Path, max_bytes: int) -> bytes:
    """Read a file that is not too large to be decoded.

    Raises:
        NotFoundError: AUDIO_NOT_FOUND.
        InvalidInputError: NOT_READABLE.
        CapacityError: TOO_LARGE, found out before reading.
    """
    from singalike.audio.decoding.refusals import Refusal, refusal

    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise refusal(Refusal.TOO_LARGE, size=size, limit=max_bytes)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError("AUDIO_NOT_FOUND", f"there is no file {path}: correct the path") from error
    except OSError as error:
        raise InvalidInputError("NOT_READABLE", f"{path} cannot be read: {error.strerror}") from error


def keep_channel(sound: Sound, channel: str) -> Sound:
    """Keep "left" or "right"; of a "mix" both, because a separator hears where in the stereo picture the voice stands.

    Raises:
        InvalidInputError: BAD_CHANNEL, the word is none of these.
    """
    from singalike.audio.decoding import select_channel

    return sound if channel == "mix" else select_channel(sound, channel)


def take_vocals(sound: Sound, channel: str, separator: "Separator | None") -> Sound:
    """Return the voice alone, in one channel; without a separator the recording is taken to be a voice alone."""
    kept = keep_channel(sound, channel)
    return (separator.separate(kept) if separator else kept).mono()
