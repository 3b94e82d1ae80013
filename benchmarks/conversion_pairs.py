"""Pairs of real recordings to convert: the same sentence or song by two people, and more of the target to learn from.

Of every target three things are kept apart: takes that an engine learns from, and a held-out take, in which the target
says or sings what the source does and which alone judges. Nothing of the held-out take is ever enrolled.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from singalike.audio.decoding import GuardedDecoder, select_channel
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.embeddings.evaluation.recordings import Recording, read_measured

RATE = 24_000
GAP_S = 0.1
SETS = ("vctk", "ravdess", "mir1k", "singing_expression_transfer")
JOINED_S, LONGEST_S = 24.0, 8.0


@dataclass(frozen=True, eq=False)
class Pair:
    """One conversion to judge.

    Attributes:
        set_name: Corpus.
        name: Who becomes whom.
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


def read_pairs(data: Path, wanted: Sequence[str], most: int, seed: int, key_shift: float = 0.0) -> Iterator[Pair]:
    """Read the pairs of some sets, at most so many of each, in an order drawn by the seed."""
    recordings = read_measured(data).recordings
    with GuardedDecoder(processes=1) as decoder:
        reader = Reader(decoder)
        makers = {
            "vctk": halves_of_one_sentence,
            "ravdess": sung_sentences,
            "mir1k": same_songs,
            "singing_expression_transfer": songs_in_two_halves,
            "librispeech": other_sentences,
        }
        for name in wanted:
            chosen = [one for one in recordings if one.corpus == name]
            for pair in islice(makers[name](chosen, reader, np.random.default_rng(seed)), most):
                yield replace(pair, source=pair.source.cut(0.0, LONGEST_S), key_shift=key_shift)


class Reader:
    """Decodes recordings, each once."""

    def __init__(self, decoder: GuardedDecoder) -> None:
        self.decoder = decoder
        self.known: dict[str, Sound] = {}

    def __call__(self, recording: Recording) -> Sound:
        """Return the voice of a recording, mono at 24 000 Hz."""
        if recording.name not in self.known:
            sound = self.decoder.decode(recording.file.read_bytes())
            self.known[recording.name] = resample(select_channel(sound, recording.channel).mono(), RATE)
        return self.known[recording.name]


def joined(sounds: Sequence[Sound]) -> Sound:
    """Put sounds behind each other, a tenth of a second apart, at most 24 s in all."""
    gap = np.zeros((1, round(GAP_S * RATE)), dtype=np.float32)
    row = [part for sound in sounds for part in (sound.waveform, gap)][:-1]
    return Sound(np.concatenate(row, axis=1)[:, : round(JOINED_S * RATE)], RATE)


def halves_of_one_sentence(chosen: Sequence[Recording], reader: Reader, rng: np.random.Generator) -> Iterator[Pair]:
    """VCTK: everybody reads one sentence; learnt from its first half, judged on its second."""
    order = list(rng.permutation(len(chosen)))
    for place, index in enumerate(order):
        source, target = chosen[index], chosen[order[(place + 1) % len(order)]]
        first, second = halves(reader(target))
        yield Pair("vctk", f"{source.singer} to {target.singer}", halves(reader(source))[1], [first], second)


def other_sentences(chosen: Sequence[Recording], reader: Reader, rng: np.random.Generator) -> Iterator[Pair]:
    """LibriSpeech: different sentences, the longest clips; for choosing settings, not for the table."""
    longest = sorted(chosen, key=lambda one: -len(one.file.read_bytes()))[:40]
    order = list(rng.permutation(len(longest)))
    for place, index in enumerate(order):
        source, target = longest[index], longest[order[(place + 1) % len(order)]]
        whole = reader(target)
        take, held_out = whole.cut(0.0, 0.6 * whole.duration_s), whole.cut(0.6 * whole.duration_s, whole.duration_s)
        yield Pair("librispeech", f"{source.singer} to {target.singer}", halves(reader(source))[1], [take], held_out)


def sung_sentences(chosen: Sequence[Recording], reader: Reader, rng: np.random.Generator) -> Iterator[Pair]:
    """RAVDESS singing: learnt from one sentence in all emotions, judged on the other."""
    singing = [one for one in chosen if one.kind == "singing"]
    singers = sorted({one.singer for one in singing})
    order = list(rng.permutation(len(singers)))
    for place, index in enumerate(order):
        source, target = singers[index], singers[order[(place + 1) % len(order)]]
        parts = {
            (singer, work): [reader(one) for one in singing if one.singer == singer and one.work.endswith(work)]
            for singer in (source, target)
            for work in ("song01", "song02")
        }
        held_out = parts[target, "song02"]
        yield Pair(
            "ravdess",
            f"{source} to {target}",
            joined(parts[source, "song02"]),
            parts[target, "song01"],
            joined(held_out),
        )


def same_songs(chosen: Sequence[Recording], reader: Reader, rng: np.random.Generator) -> Iterator[Pair]:
    """MIR-1K: one song by two people, both ways; learnt from the target's other songs."""
    by_name = {one.name: one for one in chosen}
    root = chosen[0].file.parents[2]
    with (root / "mir1k" / "same_song_pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    for group in rng.permutation(sorted({row["group"] for row in rows})):
        clips = [sorted({row[side] for row in rows if row["group"] == group}) for side in ("clip_a", "clip_b")]
        for source, target in (clips, clips[::-1]):
            singer, song = by_name[target[0]].singer, by_name[target[0]].file.stem.rsplit("_", 1)[0]
            takes = [one for one in chosen if one.singer == singer and not one.file.stem.startswith(song)]
            name = f"{by_name[source[0]].singer} to {singer}"
            sung, held_out = (joined([reader(by_name[clip]) for clip in side]) for side in (source, target))
            yield Pair("mir1k", name, sung, [reader(one) for one in takes[:12]], held_out)


def songs_in_two_halves(chosen: Sequence[Recording], reader: Reader, rng: np.random.Generator) -> Iterator[Pair]:
    """Four songs by two people each, both ways; learnt from the first half, judged on the second."""
    for song in rng.permutation(sorted({one.song for one in chosen})):
        singers = [one for one in chosen if one.song == song]
        for source, target in (singers, singers[::-1]):
            first, second = halves(reader(target))
            name = f"{source.singer} to {target.singer}, {song}"
            yield Pair("singing_expression_transfer", name, halves(reader(source))[1], [first], second)


def halves(sound: Sound) -> tuple[Sound, Sound]:
    """Cut a sound in the middle."""
    middle = sound.duration_s / 2.0
    return sound.cut(0.0, middle), sound.cut(middle, sound.duration_s)
