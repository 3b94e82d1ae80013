"""The same phrase sung by two singers: which clips of a measured folder share one, and where it stands in them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.recordings import MeasuredFolder, Recording

PAIRS = "same_song_pairs.csv"
"""Lies in a corpus folder; columns clip_a, clip_b (paths as in the manifest), offset_samples_b_minus_a, overlap_s."""

SHORTEST_OVERLAP_S = 3.0
_SAMPLE_RATE = 16_000
_SAME_SONG = "same song group "


@dataclass(frozen=True)
class Pair:
    """Two clips of one phrase.

    Attributes:
        first, second: Names of the recordings.
        offset_s: What is sung at t in the first is sung at t + offset_s in the second.
        overlap_s: How long they share it.
    """

    first: str
    second: str
    offset_s: float
    overlap_s: float


@dataclass(frozen=True, eq=False)
class Phrases:
    """Clips of one set, and which of them share a phrase.

    Attributes:
        recordings: All clips of the set.
        pairs: Those that share at least three seconds.
    """

    recordings: Sequence[Recording]
    pairs: Sequence[Pair]

    @property
    def set_name(self) -> str:
        """Of all recordings."""
        return self.recordings[0].set_name

    @property
    def twins(self) -> NDArray[np.bool_]:
        """Whether two clips share a phrase, (clips, clips)."""
        place = {recording.name: index for index, recording in enumerate(self.recordings)}
        twins = np.zeros((len(place), len(place)), dtype=np.bool_)
        for pair in self.pairs:
            if pair.first in place and pair.second in place:
                twins[place[pair.first], place[pair.second]] = twins[place[pair.second], place[pair.first]] = True
        return twins

    @property
    def other_singer(self) -> NDArray[np.bool_]:
        """Whether two clips are of two singers, (clips, clips)."""
        singers = np.array([recording.singer for recording in self.recordings])
        return np.asarray(singers[:, None] != singers[None])

    @property
    def songs(self) -> Sequence[str]:
        """What each clip is of; a song that several singers sing has one name, where the manifest says so."""
        return [recording.song.partition(_SAME_SONG)[2] or recording.song for recording in self.recordings]


def read_phrases(folder: MeasuredFolder) -> Sequence[Phrases]:
    """Read every list of pairs in a measured folder.

    Args:
        folder: Corpora with a list of pairs are used whole, whatever else is left out of a run.
    """
    found = []
    for file in sorted(folder.root.glob(f"*/{PAIRS}")):
        members = [one for one in folder.recordings if one.corpus == file.parent.name and one.use != "train"]
        if members:
            found.append(Phrases(sorted(members, key=lambda one: one.name), _read_pairs(file)))
    return found


def _read_pairs(file: Path) -> list[Pair]:
    with file.open(newline="", encoding="utf-8") as stream:
        return [
            Pair(row["clip_a"], row["clip_b"], int(row["offset_samples_b_minus_a"]) / _SAMPLE_RATE, overlap_s)
            for row in csv.DictReader(stream)
            if (overlap_s := float(row["overlap_s"])) >= SHORTEST_OVERLAP_S
        ]
