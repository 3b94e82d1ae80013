"""Songs found again: their bytes are read, compared with what was taken in, and decoded in a guarded child."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from singalike.audio.decoding import DecodeLimits, Refusal
from singalike.audio.sound import Sound
from singalike.errors import InvalidInputError, NotFoundError, SingalikeError, WrongStateError
from singalike.services.conversion_records import SongFile
from singalike.services.ports import SoundDecoder

BYTES_PER_S = 48_000 * 2 * 4
"""Of the largest song of a length: stereo at 48 kHz, 32 bits."""

REALTIME_SHARE = 0.1
"""Of a song's length that its decoding may take, in processor time; it takes a hundredth."""


class FindsSongFiles(Protocol):
    """Of `SongFiles`, the search."""

    def find_song_file(self, content_sha256: str) -> SongFile:
        """Return where a song lies."""


class FileSongReader:
    """Reads songs from where they lie; see `singalike.services.conversion_ports.SongReader`.

    Args:
        song_files: Where songs lie.
        decoder: Made with `song_limits`.
        longest_s: Longer songs are refused, in seconds.
    """

    def __init__(self, song_files: FindsSongFiles, decoder: SoundDecoder, longest_s: float) -> None:
        self._song_files = song_files
        self._decoder = decoder
        self._longest_s = longest_s

    def read(self, content_sha256: str) -> tuple[Sound, SongFile]:
        """Decode a song.

        Raises:
            NotFoundError: SONG_SOUND_NOT_FOUND, nobody knows where it lies, or nothing lies there any more.
            WrongStateError: SONG_CHANGED, other bytes lie there now.
            InvalidInputError: SONG_TOO_LONG, or as the decoder refuses it.
        """
        file = self._song_files.find_song_file(content_sha256)
        audio = self._bytes(Path(file.path))
        if hashlib.sha256(audio).hexdigest() != content_sha256:
            name = Path(file.path).name
            message = f"{name} is another recording now: put the first one back, or take this one in as well"
            raise WrongStateError("SONG_CHANGED", message)
        try:
            sound = self._decoder.decode(audio)
        except SingalikeError as error:
            if error.reason in {Refusal.TOO_LONG, Refusal.TOO_LARGE}:
                raise self._too_long() from error
            raise
        if sound.duration_s > self._longest_s:
            raise self._too_long()
        return sound, file

    def _bytes(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > song_limits(self._longest_s).max_bytes:
                raise self._too_long()
            return path.read_bytes()
        except OSError as error:
            # Whoever asks over gRPC is told of the song, not of the folders of the machine.
            message = (
                f"{path.name} cannot be read ({error.strerror}): put the song back, or take it in from where it is now"
            )
            raise NotFoundError("SONG_SOUND_NOT_FOUND", message) from error

    def _too_long(self) -> InvalidInputError:
        message = f"songs of up to {self._longest_s:g} s are converted: choose a shorter one"
        return InvalidInputError("SONG_TOO_LONG", message)


def song_limits(longest_s: float) -> DecodeLimits:
    """Return what decoding a song of the catalogue may cost: more than an upload, which must be shorter.

    Args:
        longest_s: Longest song, in seconds.
    """
    usual = DecodeLimits()
    return replace(
        usual,
        max_bytes=max(usual.max_bytes, round(longest_s * BYTES_PER_S)),
        max_duration_s=longest_s,
        cpu_s=max(usual.cpu_s, round(longest_s * REALTIME_SHARE)),
        wall_s=max(usual.wall_s, 2.0 * longest_s * REALTIME_SHARE),
    )
