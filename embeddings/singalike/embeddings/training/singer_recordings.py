"""Recordings by singer, from a manifest or from a folder with one folder a singer."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from singalike.embeddings.training.datasets import MANIFEST
from singalike.errors import InvalidInputError, NotFoundError

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"})
"""What libsndfile reads."""


@dataclass(frozen=True)
class SungRecording:
    """One recording of one singer.

    Attributes:
        singer: Who.
        path: Where it lies.
    """

    singer: str
    path: Path


def read_singer_recordings(folder: Path) -> tuple[SungRecording, ...]:
    """List the recordings of a folder, sorted by singer and path.

    Args:
        folder: Holds manifest.csv (columns path and singer; where there is a column `use`, only rows with use=train are
            read, and of a column `kind` neither MIDI nor mixtures), or a folder a singer.

    Raises:
        NotFoundError: RECORDINGS_NOT_FOUND.
        InvalidInputError: TOO_FEW_SINGERS, fewer than two.
    """
    manifest = folder / MANIFEST
    found = _listed(manifest) if manifest.is_file() else _in_folders(folder)
    if not found:
        message = f"{folder} holds no recordings as SINGER/song.wav, and no {MANIFEST} whose rows may train"
        raise NotFoundError("RECORDINGS_NOT_FOUND", message)
    if len({one.singer for one in found}) < 2:
        raise InvalidInputError("TOO_FEW_SINGERS", f"{folder} holds one singer: telling singers apart needs two")
    return tuple(sorted(found, key=lambda one: (one.singer, str(one.path))))


def hold_out(
    recordings: Sequence[SungRecording], share: float, seed: int
) -> tuple[tuple[SungRecording, ...], tuple[SungRecording, ...]]:
    """Keep a share of every singer's recordings away from the fit; a single one stays in it.

    Args:
        recordings: Sorted by singer.
        share: In [0, 1).
        seed: Chooses them.

    Returns:
        Recordings to fit on, and recordings to measure on.
    """
    rng = np.random.default_rng(seed)
    fitted: list[SungRecording] = []
    kept: list[SungRecording] = []
    for singer in sorted({one.singer for one in recordings}):
        own = [one for one in recordings if one.singer == singer]
        count = min(max(round(share * len(own)), 1 if share > 0 else 0), len(own) - 1)
        chosen = set(rng.permutation(len(own))[:count].tolist())
        kept += [one for index, one in enumerate(own) if index in chosen]
        fitted += [one for index, one in enumerate(own) if index not in chosen]
    return tuple(fitted), tuple(kept)


def _listed(manifest: Path) -> list[SungRecording]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            return [
                SungRecording(row["singer"], manifest.parent / row["path"])
                for row in csv.DictReader(file)
                if row.get("use", "train") == "train" and row.get("kind") not in {"midi", "mixture"} and row["singer"]
            ]
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        message = f"{manifest} cannot be read ({error}): it is CSV in UTF-8 with the columns path and singer"
        raise InvalidInputError("BAD_MANIFEST", message) from error


def _in_folders(folder: Path) -> list[SungRecording]:
    files = sorted(path for path in folder.glob("*/**/*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return [SungRecording(path.relative_to(folder).parts[0], path) for path in files]
