"""A measured folder: which recordings an ear is judged on, set by set, and who sings what in them.

The folder holds either `manifest.csv` (columns path, kind, singer, gender, song, seconds, licence, use; the last three
may be absent) or one folder a singer (`FOLDER/SINGER/title.ext`). Rows that a checkpoint may be trained on (use=train)
never enter a set. A set is one corpus folder and one kind, because recording channels differ between corpora and would
give singers away: figures are never pooled over sets.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from singalike.audio.decoding.suffixes import AUDIO_SUFFIXES
from singalike.errors import InvalidInputError, NotFoundError

MANIFEST = "manifest.csv"
REQUIRED = ("path", "kind", "singer", "song")
VOICES = ("singing", "speech", "stem")
"""Kinds in which one voice is alone, or alone in one channel."""

FEWEST_RECORDINGS = 10
"""A smaller set says nothing."""

_RIGHT_CHANNEL = frozenset({"mir1k"})
"""Corpora that keep the accompaniment in the left channel and the voice in the right one."""


@dataclass(frozen=True)
class Recording:
    """One row of a manifest.

    Attributes:
        name: Path as the manifest writes it.
        file: Where it lies.
        kind: "singing", "speech", "stem", "mixture" or "midi".
        singer: Who.
        voice_gender: "f", "m" or "unknown".
        song: What; the emotions of RAVDESS (song01_emo04) are told apart here.
        use: "train" or "measure".
        channel: "mix", "left" or "right": where the voice is.
    """

    name: str
    file: Path
    kind: str
    singer: str
    voice_gender: str = "unknown"
    song: str = ""
    use: str = "measure"
    channel: str = "mix"

    @property
    def corpus(self) -> str:
        """First folder of the path."""
        return Path(self.name).parts[0]

    @property
    def set_name(self) -> str:
        """Corpus and kind, for instance "ravdess singing"."""
        return f"{self.corpus} {self.kind}"

    @property
    def work(self) -> str:
        """What is sung whatever the emotion: RAVDESS renders one song in several, and they are not different songs."""
        return self.song.split("_emo")[0]


@dataclass(frozen=True)
class MeasuredFolder:
    """What lies in a folder.

    Attributes:
        root: The folder.
        recordings: Every row, also MIDI, mixtures and what may train.
    """

    root: Path
    recordings: tuple[Recording, ...]

    def sets(self, kinds: Collection[str] = VOICES, most: int | None = None) -> Mapping[str, Sequence[Recording]]:
        """Return the sets of recordings to judge on, by name, in the order of the manifest.

        Args:
            kinds: Which kinds.
            most: At most so many of a set, evenly picked over it; None takes all.

        Raises:
            InvalidInputError: NOTHING_TO_MEASURE.
        """
        chosen = sorted(
            (one for one in self.recordings if one.use != "train" and one.kind in kinds), key=lambda one: one.set_name
        )
        found = {name: list(members) for name, members in groupby(chosen, lambda one: one.set_name)}
        large = {name: _evenly(members, most) for name, members in found.items() if len(members) >= FEWEST_RECORDINGS}
        if not large:
            message = (
                f"no set of {FEWEST_RECORDINGS} recordings of kind {', '.join(kinds)} in {self.root} that nothing may "
                "be trained on: add rows with use=measure"
            )
            raise InvalidInputError("NOTHING_TO_MEASURE", message)
        return large


def read_measured(root: Path) -> MeasuredFolder:
    """Read the manifest of a folder, or its folders of singers.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND, there is neither.
        InvalidInputError: BAD_MANIFEST, it lacks a column or cannot be read.
    """
    manifest = root / MANIFEST
    recordings = _rows(manifest) if manifest.is_file() else _singer_folders(root)
    if not recordings:
        message = f"{root} holds neither {MANIFEST} with rows nor recordings as SINGER/title.ext: pass another folder"
        raise NotFoundError("MANIFEST_NOT_FOUND", message)
    return MeasuredFolder(root, recordings)


def _rows(manifest: Path) -> tuple[Recording, ...]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInputError("BAD_MANIFEST", f"{manifest} lacks the columns {', '.join(missing)}: add them")
            return tuple(_recording(manifest.parent, row) for row in reader if row["path"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError("BAD_MANIFEST", f"{manifest} cannot be read as CSV in UTF-8: {error}") from error


def _recording(root: Path, row: Mapping[str, str]) -> Recording:
    default_channel = "right" if Path(row["path"]).parts[0] in _RIGHT_CHANNEL else "mix"
    return Recording(
        name=row["path"],
        file=root / row["path"],
        kind=row["kind"],
        singer=row["singer"],
        voice_gender=row.get("gender") or "unknown",
        song=row["song"],
        use=row.get("use") or "measure",
        channel=row.get("channel") or default_channel,
    )


def _singer_folders(root: Path) -> tuple[Recording, ...]:
    files = sorted(file for file in root.glob("*/*") if file.suffix.lower() in AUDIO_SUFFIXES)
    return tuple(
        Recording(str(Path(root.resolve().name, *file.relative_to(root).parts)), file, "singing", file.parent.name,
                  song=file.stem)
        for file in files
    )  # fmt: skip


def _evenly(members: Sequence[Recording], most: int | None) -> Sequence[Recording]:
    if most is None or len(members) <= most:
        return members
    return [members[index * len(members) // most] for index in range(most)]
