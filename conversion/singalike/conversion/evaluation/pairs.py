"""Pairs to convert, found in a measured folder: the same sentence or song by two people, and more of the target.

Of every target two things are kept apart: takes that an engine learns from, and a held-out take, in which the target
says or sings what the source does and which alone judges. Nothing of the held-out take is ever enrolled. Rows that a
checkpoint may be trained on are used too: no engine that is judged here may have learnt from them.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain, groupby, islice, zip_longest
from pathlib import Path

import numpy as np

from singalike.audio.decoding import select_channel
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.embeddings.evaluation.recordings import VOICES, MeasuredFolder, Recording

RATE = 24_000
GAP_S = 0.1
JOINED_S, LONGEST_S = 24.0, 8.0
FEWEST_TAKES, MOST_TAKES = 3, 12
"""Recordings of other works that a target is learnt from; with fewer, the first half of the work itself."""

MOST_PAIRS = 12
SAME_SONGS = "same_song_pairs.csv"
"""Says of a corpus whose songs have other names for every singer which clips are of one song: group, clip_a, clip_b."""

Read = Callable[[Recording], Sound]


@dataclass(frozen=True, eq=False)
class Pair:
    """One conversion to judge.

    Attributes:
        set_name: Recordings that are judged together, for instance "ravdess singing".
        name: Who becomes whom, and what is sung.
        source: What is converted.
        takes: What the target is learnt from.
        held_out: The target, saying or singing the same as the source.
        key_shift: Semitones that the source is moved by.
    """

    set_name: str
    name: str
    source: Sound
    takes: Sequence[Sound]
    held_out: Sound
    key_shift: float = 0.0

    @cached_property
    def take(self) -> Sound:
        """What the target is learnt from, in one piece, at most 24 s of it."""
        return joined(self.takes).cut(0.0, JOINED_S)

    @cached_property
    def digest(self) -> str:
        """Name a pair by what is in it, 32 hexadecimal digits."""
        digest = sha256(repr((self.set_name, self.key_shift)).encode())
        for sound in (self.source, self.held_out, *self.takes):
            digest.update(sound.waveform.tobytes())
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class Match:
    """Who is to become whom, as rows of a manifest.

    Attributes:
        set_name: The set.
        name: Who becomes whom, and what is sung.
        source: Recordings of the source.
        takes: What the target is learnt from; none: the first half of `held_out`, and the second halves judge.
        held_out: Recordings of the target.
    """

    set_name: str
    name: str
    source: Sequence[Recording]
    takes: Sequence[Recording]
    held_out: Sequence[Recording]

    def read(self, read: Read, key_shift: float) -> Pair:
        """Read the sounds."""
        source, held_out = (joined([read(one) for one in side]) for side in (self.source, self.held_out))
        takes = [read(one) for one in self.takes]
        if not takes:
            source = halves(source)[1]
            first, held_out = halves(held_out)
            takes = [first]
        return Pair(self.set_name, self.name, source.cut(0.0, LONGEST_S), takes, held_out.cut(0.0, JOINED_S), key_shift)


def find_matches(folder: MeasuredFolder, most: int = MOST_PAIRS, seed: int = 0) -> Mapping[str, Sequence[Match]]:
    """Find out who says or sings the same in a folder, set by set.

    The singers of a work stand in a ring drawn by the seed, and each becomes the next; works take turns.

    Args:
        folder: The recordings.
        most: At most so many pairs of a set.
        seed: Of the rings.

    Returns:
        By set, in the order of their names; empty where nobody shares a work.
    """
    voices = sorted((one for one in folder.recordings if one.kind in VOICES), key=lambda one: one.set_name)
    found = {}
    for name, members in groupby(voices, lambda one: one.set_name):
        chosen = list(members)
        rng = np.random.default_rng(seed)
        rings = list(_rings(name, chosen, _works(folder.root, chosen), rng))
        turns = chain.from_iterable(zip_longest(*rings))
        if matches := list(islice((match for match in turns if match is not None), most)):
            found[name] = matches
    return found


@dataclass(frozen=True, eq=False)
class Reader:
    """Decodes recordings.

    Attributes:
        decode: Bytes of a recording to sound.
    """

    decode: Callable[[bytes], Sound]

    def __call__(self, recording: Recording) -> Sound:
        """Return the voice of a recording, mono at 24 000 Hz."""
        sound = self.decode(recording.file.read_bytes())
        return resample(select_channel(sound, recording.channel).mono(), RATE)


def joined(sounds: Sequence[Sound]) -> Sound:
    """Put sounds of 24 000 Hz behind each other, a tenth of a second apart."""
    gap = np.zeros((1, round(GAP_S * RATE)), dtype=np.float32)
    row = [part for sound in sounds for part in (sound.waveform, gap)][:-1]
    return Sound(np.concatenate(row, axis=1), RATE)


def halves(sound: Sound) -> tuple[Sound, Sound]:
    """Cut a sound in the middle."""
    middle = sound.duration_s / 2.0
    return sound.cut(0.0, middle), sound.cut(middle, sound.duration_s)


def _rings(
    set_name: str, chosen: Sequence[Recording], works: Mapping[str, str], rng: np.random.Generator
) -> Iterator[list[Match]]:
    """Let each singer of a work become the next one; one list a work, works in an order drawn by chance."""
    by_work: dict[str, dict[str, list[Recording]]] = {}
    for one in chosen:
        by_work.setdefault(works[one.name], {}).setdefault(one.singer, []).append(one)
    shared = sorted(work for work, singers in by_work.items() if len(singers) > 1)
    for work in rng.permutation(np.array(shared, dtype=str)).tolist():
        singers = by_work[work]
        order = rng.permutation(np.array(sorted(singers), dtype=str)).tolist()
        ring = []
        for source, target in zip(order, [*order[1:], order[0]], strict=True):
            sung = {one.song for one in singers[target]}
            others = [one for one in chosen if one.singer == target and works[one.name] != work]
            takes = [one for one in others if one.song not in sung][:MOST_TAKES]
            takes = takes if len(takes) >= FEWEST_TAKES else []
            ring.append(Match(set_name, f"{source} to {target}, {work}", singers[source], takes, singers[target]))
        yield ring


def _works(root: Path, chosen: Sequence[Recording]) -> Mapping[str, str]:
    """Say what is sung in every recording, by name."""
    found = {one.name: one.work for one in chosen}
    file = root / chosen[0].corpus / SAME_SONGS
    if file.is_file():
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                found |= {row[side]: row["group"] for side in ("clip_a", "clip_b") if row[side] in found}
    return found
