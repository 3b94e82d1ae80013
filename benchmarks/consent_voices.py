"""Real people whose readings and takes judge the rules of consent, one set a corpus and condition.

LibriSpeech and VCTK (use=train) hold one clip a person. Either it is cut in four: a reading and three spoken takes. Or
its first half is the reading, and its second half is sung by our resynthesis, once for the takes and once, on another
melody, for the catalogue. All other sets only measure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.decoding import GuardedDecoder
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.evaluation.pairs import Reader, halves
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.conditions import elsewhere
from singalike.embeddings.evaluation.recordings import Recording, read_measured
from singalike.embeddings.profile import Vectors
from singalike.embeddings.training.generator import PseudoSinger, analyse_voice, sing
from singalike.embeddings.training.manners import random_manner
from singalike.embeddings.training.melodies import scale_melody

RATE = 16_000
READ_CLIPS, TAKE_CLIPS = 3, 4
SUNG_S, TAKES = 8.0, 4
LONG_ENOUGH_S, SPOKEN_TAKES = 9.0, 3


@dataclass(frozen=True, eq=False)
class Person:
    """What an enrolment would hear of one person.

    Attributes:
        name, voice_gender: Who.
        reading: Timbre vector of what stands for the phrase read aloud, (dim,).
        takes: Of each take, (takes, dim).
        whole: Of all takes together, (dim,).
        track: Of another song by the same person, as a catalogue would hold it, (dim,); None where there is none.
    """

    name: str
    voice_gender: str
    reading: Vectors
    takes: Vectors
    whole: Vectors
    track: Vectors | None


@dataclass(frozen=True)
class PeopleSet:
    """Some people under one condition.

    Attributes:
        name: Corpus and condition.
        may_train: Whether thresholds may be chosen on it.
        people: Who.
    """

    name: str
    may_train: bool
    people: Sequence[Person]


class Listener:
    """Gives the timbre vectors that the shipped ear gives."""

    def __init__(self) -> None:
        self.ear = VoiceEncoder.load(device="cpu")

    def vector(self, sounds: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return the vector of sounds behind each other, (samples,) each at 16 000 Hz."""
        joined = Sound(np.concatenate(sounds)[None], RATE)
        return self.ear.timbre.embed(self.ear.voice_frames(joined))

    def person(
        self,
        who: Recording,
        reading: Sequence[NDArray[np.float32]],
        takes: Sequence[NDArray[np.float32]],
        track: Sequence[NDArray[np.float32]] = (),
    ) -> Person:
        """Listen to one person."""
        each = np.stack([self.vector([take]) for take in takes])
        heard = self.vector(track) if len(track) else None
        return Person(who.singer, who.voice_gender, self.vector(reading), each, self.vector(takes), heard)


def read_people(data: Path, wanted: Sequence[str], most: int) -> Iterator[PeopleSet]:
    """Read some corpora, at most so many people of each that may train."""
    recordings = read_measured(data).recordings
    makers: dict[str, Callable[[Sequence[Recording], Reader, Listener], Iterator[PeopleSet]]] = {
        "librispeech": lambda chosen, reader, listener: chain(
            _spoken(chosen[:: max(len(chosen) // most, 1)][:most], reader, listener),
            _resung(chosen[:: max(len(chosen) // most, 1)][:most], reader, listener),
        ),
        "vctk": _resung,
        "ravdess": _ravdess,
        "nus48e_demo": _halves,
        "mir1k": _songs,
    }
    listener = Listener()
    with GuardedDecoder(processes=1) as decoder:
        for name in wanted:
            chosen = [one for one in recordings if one.corpus == name and one.kind in {"speech", "singing", "stem"}]
            yield from makers[name](chosen, Reader(decoder.decode), listener)


def _spoken(chosen: Sequence[Recording], reader: Reader, listener: Listener) -> Iterator[PeopleSet]:
    """Cut clips of nine seconds or more in four: a reading and three takes, all spoken."""
    places: dict[str, list[Person]] = {"same place": [], "same room": [], "other rooms": []}
    for number, one in enumerate(chosen):
        clip = _samples(reader(one))
        if len(clip) < LONG_ENOUGH_S * RATE:
            continue
        parts = np.array_split(clip, 1 + SPOKEN_TAKES)
        for place, people in places.items():
            rooms = _rooms(place, number)
            takes = rooms[1](np.concatenate(parts[1:]))
            people.append(listener.person(one, [rooms[0](parts[0])], np.array_split(takes, SPOKEN_TAKES)))
    for place, people in places.items():
        yield PeopleSet(f"{chosen[0].corpus}, spoken, {place}", may_train=True, people=people)


def _resung(chosen: Sequence[Recording], reader: Reader, listener: Listener) -> Iterator[PeopleSet]:
    places: dict[str, list[Person]] = {"same place": [], "same room": [], "other rooms": []}
    for number, one in enumerate(chosen):
        spoken, rest = (_samples(half) for half in halves(reader(one)))
        voice = analyse_voice(rest)
        songs = [_sung(voice, np.random.default_rng([number, song])) for song in range(2)]
        for place, people in places.items():
            rooms = _rooms(place, number)
            people.append(
                listener.person(one, [rooms[0](spoken)], np.split(rooms[1](songs[0]), TAKES), [rooms[2](songs[1])])
            )
    for place, people in places.items():
        yield PeopleSet(f"{chosen[0].corpus}, sung by resynthesis, {place}", may_train=True, people=people)


def _rooms(place: str, number: int) -> Sequence[Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """Return what happens to reading, takes and track; one room is one draw of room, microphone and noise."""
    if place == "same place":
        return (lambda sound: sound,) * 3
    draws = (0, 0, 1) if place == "same room" else (0, 1, 2)
    return [
        lambda sound, draw=draw: elsewhere(1).change(sound, np.random.default_rng([number, draw])) for draw in draws
    ]


def _sung(voice: object, rng: Generator) -> NDArray[np.float32]:
    parts = [sing(voice, PseudoSinger(1.0), random_manner(rng), scale_melody(rng), rng, SUNG_S) for _ in range(2)]
    return np.concatenate(parts)


def _ravdess(chosen: Sequence[Recording], reader: Reader, listener: Listener) -> Iterator[PeopleSet]:
    """Let spoken clips of each actor be the reading, one sentence sung in all emotions the takes, the other a track."""
    spoken, sung = _by_singer(chosen, "speech"), _by_singer(chosen, "singing")
    readings = {"calm speech": ("_emo01", "_emo02"), "speech in all emotions": ("",)}
    people: dict[str, list[Person]] = {name: [] for name in readings}
    for singer in sorted(set(spoken) & set(sung)):
        first, second = (
            [_samples(reader(one)) for one in sung[singer] if one.work.endswith(work)] for work in ("song01", "song02")
        )
        takes = [np.concatenate(first[start::TAKES]) for start in range(TAKES)]
        for name, endings in readings.items():
            fitting = [one for one in spoken[singer] if any(ending in one.song for ending in endings)]
            order = np.random.default_rng(0).permutation(len(fitting))[:READ_CLIPS]
            reading = [_samples(reader(fitting[place])) for place in order]
            people[name].append(listener.person(sung[singer][0], reading, takes, second))
    for name, found in people.items():
        yield PeopleSet(f"ravdess, {name} against singing", may_train=False, people=found)


def _halves(chosen: Sequence[Recording], reader: Reader, listener: Listener) -> Iterator[PeopleSet]:
    """Let the first half of a sung clip stand for the reading: the folder holds no speech."""
    people = []
    for one in chosen:
        first, second = (_samples(half) for half in halves(reader(one)))
        people.append(listener.person(one, [first], np.array_split(second, 2)))
    yield PeopleSet("nus48e_demo, sung against sung", may_train=False, people=people)


def _songs(chosen: Sequence[Recording], reader: Reader, listener: Listener) -> Iterator[PeopleSet]:
    """Let a song stand for the reading, others be takes and another the track: the folder holds no speech."""
    people = []
    for clips in _by_singer(chosen, "stem").values():
        songs = defaultdict(list)
        for one in clips:
            songs[one.file.stem.rsplit("_", 1)[0]].append(_samples(reader(one)))
        reading, *rest = (songs[title] for title in sorted(songs))
        track = rest.pop() if len(rest) > 1 else []
        people.append(listener.person(clips[0], reading[:2], list(chain.from_iterable(rest))[:TAKES], track))
    yield PeopleSet("mir1k, sung against sung", may_train=False, people=people)


def _by_singer(chosen: Sequence[Recording], kind: str) -> dict[str, list[Recording]]:
    found = defaultdict(list)
    for one in chosen:
        if one.kind == kind:
            found[one.singer].append(one)
    return found


def _samples(sound: Sound) -> NDArray[np.float32]:
    return resample(sound.mono(), RATE).waveform[0]
