"""The bank that a separator is trained from: voices and accompaniments on disk, and an index of them.

Sounds are int16 at 16 000 Hz, voices (samples,) and accompaniments (2, samples). Whoever trains mixes them anew for
every batch. The index names the recorded voice and the song behind each, so that those held out stay so.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.training.run_folder import write_whole
from singalike.errors import WrongStateError

INDEX = "index.json"
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class BankVoice:
    """A phrase of one voice.

    Attributes:
        file: Place within the bank.
        source: The recorded voice behind it, or "synthetic".
        kind: How it was made.
        seconds: Length.
        held_out: Whether it only validates.
    """

    file: str
    source: str
    kind: str
    seconds: float
    held_out: bool


@dataclass(frozen=True)
class BankBacking:
    """An accompaniment.

    Attributes:
        file: Place within the bank.
        midi: Name of the song that is played; empty when its chords are invented.
        kind: How it was made.
        melody: Whether an instrument plays the melody of the singer.
        seconds: Length.
        held_out: Whether it only validates.
    """

    file: str
    midi: str
    kind: str
    melody: bool
    seconds: float
    held_out: bool


@dataclass(frozen=True)
class Bank:
    """What a folder holds.

    Attributes:
        folder: Where it is.
        made_of: Settings of whoever fills it, JSON values.
        voices: Phrases.
        backings: Accompaniments.
        done: Names of the pieces of work that are done, also of those that gave nothing.
    """

    folder: Path
    made_of: Mapping[str, Any]
    voices: tuple[BankVoice, ...] = ()
    backings: tuple[BankBacking, ...] = ()
    done: tuple[str, ...] = ()

    @property
    def seconds(self) -> tuple[float, float]:
        """Lengths of all voices and of all accompaniments."""
        return sum(voice.seconds for voice in self.voices), sum(backing.seconds for backing in self.backings)

    @property
    def size_bytes(self) -> int:
        """Bytes of all sounds."""
        voices, backings = self.seconds
        return round(2 * SAMPLE_RATE * (voices + 2 * backings))

    def sound(self, entry: BankVoice | BankBacking) -> NDArray[np.int16]:
        """Open a sound, mapped into memory: int16 (samples,) of a voice, (2, samples) of an accompaniment."""
        sound: NDArray[np.int16] = np.load(self.folder / entry.file, mmap_mode="r", allow_pickle=False)
        return sound

    def grown(self, done: str, entries: Iterable[BankVoice | BankBacking]) -> "Bank":
        """Add what one piece of work gave, and write the index."""
        found = tuple(entries)
        bank = replace(
            self,
            voices=self.voices + tuple(entry for entry in found if isinstance(entry, BankVoice)),
            backings=self.backings + tuple(entry for entry in found if isinstance(entry, BankBacking)),
            done=(*self.done, done),
        )
        facts = {key: value for key, value in asdict(bank).items() if key != "folder"}
        write_whole(self.folder / INDEX, json.dumps(facts).encode())
        return bank


def read_bank(folder: Path) -> Bank | None:
    """Read the index of a bank; None where there is none.

    Raises:
        WrongStateError: BANK_DAMAGED.
    """
    try:
        facts = json.loads((folder / INDEX).read_text())
        voices = tuple(BankVoice(**entry) for entry in facts["voices"])
        backings = tuple(BankBacking(**entry) for entry in facts["backings"])
        return Bank(folder, facts.get("made_of", {}), voices, backings, tuple(facts.get("done", ())))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise WrongStateError("BANK_DAMAGED", f"{folder / INDEX} is no index ({error}): delete the folder") from error


def open_bank(folder: Path, made_of: Mapping[str, Any]) -> Bank:
    """Go on with a bank, or begin one.

    Args:
        folder: Created when absent.
        made_of: Everything that its sounds depend on, JSON values.

    Raises:
        WrongStateError: BANK_DIFFERS, the folder was filled with other settings; BANK_DAMAGED.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bank = read_bank(folder)
    if bank is None:
        return Bank(folder, made_of)
    if dict(bank.made_of) != dict(made_of):
        raise WrongStateError(
            "BANK_DIFFERS", f"{folder} was made with other settings: delete it or name another folder"
        )
    return bank
