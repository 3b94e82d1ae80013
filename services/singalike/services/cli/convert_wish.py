"""What a person types to have a song sung, as a value."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import InvalidInputError
from singalike.services.conversion_records import ConversionOrder

if TYPE_CHECKING:
    from singalike.services.settings import Settings

AUTO, OCTAVES = "auto", "octaves"
FORMATS = ("ogg", "flac", "wav", "mp3")
FARTHEST = 24


def read_key(_context: click.Context, parameter: click.Parameter, value: str) -> int | str:
    """Read a number of semitones, "auto" or "octaves"; raises click.BadParameter."""
    if value in {AUTO, OCTAVES}:
        return value
    try:
        semitones = int(value)
    except ValueError as error:
        message = "give a whole number of semitones, auto or octaves"
        raise click.BadParameter(message, param=parameter) from error
    if abs(semitones) > FARTHEST:
        raise click.BadParameter(f"give at most {FARTHEST} semitones up or down", param=parameter)
    return semitones


@dataclass(frozen=True)
class Wish:
    """What was typed.

    Attributes:
        song: A path, or a track id.
        voices: An id, or recordings.
        out: Where the song goes.
        key: Semitones, "auto" or "octaves".
        engine: Name; empty: the first that knows the voice.
        subject: Who agrees.
        is_agreed: Whether consent is given on the command line.
        channel, a_cappella: How the song is listened to.
        keep: Whether the voice is kept.
        detach: Whether a worker shall make it.
        retrieval_share, protect, seed: As in ConversionOrder.
    """

    song: str
    voices: tuple[str, ...]
    out: Path
    key: int | str
    engine: str
    subject: str
    is_agreed: bool
    channel: str | None
    a_cappella: bool
    keep: bool
    detach: bool
    retrieval_share: float | None
    protect: float | None
    seed: int

    @property
    def takes(self) -> tuple[Path, ...]:
        """Recordings of the voice; none where its id was given."""
        paths = tuple(Path(voice) for voice in self.voices)
        return paths if all(path.is_file() for path in paths) else ()

    @property
    def is_kept(self) -> bool:
        """Whether the voice is there afterwards."""
        return self.keep or not self.takes

    @property
    def suffix(self) -> str:
        """The format, by the end of the file's name."""
        return self.out.suffix.lower().lstrip(".")

    def check(self) -> None:
        """Refuse what cannot be done; raises click.UsageError, InvalidInputError NOT_WRITABLE."""
        if self.suffix not in FORMATS:
            raise click.UsageError(f"--out {self.out}: end it in .ogg, .flac, .wav or .mp3")
        folder = self.out.absolute().parent
        if not folder.is_dir():
            raise InvalidInputError("NOT_WRITABLE", f"there is no folder {folder}: make it first")
        if not self.takes and len(self.voices) > 1:
            raise click.UsageError("--voice: name one voice, or recordings that are there")
        if self.detach and not self.is_kept:
            raise click.UsageError("--detach needs --keep: the worker finds the voice where it is kept")

    def order(
        self, settings: "Settings", track_id: str, content_sha256: str, voice_id: str, engine: str
    ) -> ConversionOrder:
        """Return it as an order, with what was found out meanwhile."""
        from singalike.conversion.writing import SoundFormat

        return ConversionOrder(
            voice_id=voice_id,
            track_id=track_id,
            content_sha256=content_sha256,
            engine=engine,
            key_shift_semitones=self.key if isinstance(self.key, int) else None,
            octaves_only=self.key == OCTAVES,
            sound_format=SoundFormat(self.suffix),
            retrieval_share=self.retrieval_share,
            protect=self.protect,
            seed=self.seed,
            keep_s=settings.conversion_keep_s,
        )
