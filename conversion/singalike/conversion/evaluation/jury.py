"""Judging conversions: every contender on every pair; what earlier runs know is not done again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.conversion.evaluation.contenders import Contender, Effort, Meter
from singalike.conversion.evaluation.figures import Book, Figures, Judged
from singalike.conversion.evaluation.pairs import Pair
from singalike.conversion.metrics import (
    Heard,
    Similarities,
    compare_pitch,
    content_kept,
    hear,
    mel_cepstral_distortion,
    real_time_factor,
)
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE as PEER_RATE
from singalike.errors import SingalikeError

Track = Callable[[Sound], NDArray[np.float64]]
Vector = NDArray[np.float32]

VERSION = "4"
"""Grows with every change of what is measured."""


@dataclass(frozen=True, eq=False)
class Naturalness:
    """Predicts how natural a listener would find a sound.

    Attributes:
        version: Of its weights.
        predict: Takes float32 (samples,) at 16 000 Hz, gives an opinion from 1 to 5.
    """

    version: str
    predict: Callable[[Waveform], float]


@dataclass(frozen=True, eq=False)
class _Lane:
    """One contender's way through a set: what is known, and what a peer has yet to hear."""

    contender: Contender
    book: Book
    peers: Mapping[str, Book]
    made: dict[str, Sound] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def lacks(self, pair: Pair) -> bool:
        return any(pair.digest not in book for book in (self.book, *self.peers.values()))

    def judged(self, pairs: Sequence[Pair]) -> Judged:
        done = [pair for pair in pairs if pair.name not in self.refused]
        figures = {pair.name: Figures.from_row(self.book[pair.digest]) for pair in done}
        peers = {
            name: {pair.name: Similarities(*map(float, book[pair.digest])) for pair in done}
            for name, book in self.peers.items()
        }
        return Judged(self.contender, figures, peers, self.refused)


@dataclass(frozen=True, eq=False)
class _Point:
    """What the conversions of one pair are compared with, each heard once and only when it is needed."""

    pair: Pair
    jury: "Jury"

    @cached_property
    def source(self) -> Heard:
        return hear(self.pair.source, self.jury.track)

    @cached_property
    def vectors(self) -> tuple[Vector, Vector, Vector]:
        pair, timbre = self.pair, self.jury.timbre
        return timbre(pair.source), timbre(pair.take), timbre(pair.held_out)


@dataclass(frozen=True, eq=False)
class Jury:
    """Judges conversions.

    Attributes:
        bench: Ear, peers, cache, progress.
        track: What judges the pitch, as `ConfirmedPitch` does: zero where unvoiced, NaN where it cannot tell.
        meter: Measures time and memory.
        naturalness: None: nobody predicts it.
    """

    bench: Bench
    track: Track
    meter: Meter
    naturalness: Naturalness | None = None

    def judge(self, title: str, pairs: Iterable[Pair], count: int, contenders: Sequence[Contender]) -> list[Judged]:
        """Judge every contender on the pairs of one set.

        Args:
            title: Of the set.
            pairs: Read one at a time.
            count: How many there are.
            contenders: Lines of the table.

        Returns:
            One for each contender, in order.
        """
        lanes = [self._lane(one) for one in contenders]
        known: list[Pair] = []
        with self.bench.progress(f"converting ({title})", count * len(lanes)) as advance:
            for pair in pairs:
                known.append(pair)
                point = _Point(pair, self)
                for lane in lanes:
                    if lane.lacks(pair):
                        self._convert(point, lane)
                    advance()
        for peer in self.bench.peers:
            self._ask(peer, lanes, known)
        return [lane.judged(known) for lane in lanes]

    def timbre(self, sound: Sound) -> Vector:
        """Return the timbre vector of a voice."""
        encoder = self.bench.encoder
        return encoder.timbre.embed(encoder.voice_frames(sound))

    def _lane(self, contender: Contender) -> _Lane:
        decides = f"{contender.version}-{self.bench.seed}-{VERSION}"
        judges = f"{self.bench.encoder.model_version}-{self.naturalness.version if self.naturalness else ''}"
        peers = {name: self._book(contender, f"{decides}-{name}") for name in self.bench.peers}
        return _Lane(contender, self._book(contender, f"{decides}-{judges}"), peers)

    def _book(self, contender: Contender, decides: str) -> Book:
        key = sha256(decides.encode()).hexdigest()[:16]
        return Book(self.bench.cache, f"conversion-{contender.name}-{key}")

    def _convert(self, point: _Point, lane: _Lane) -> None:
        """Convert a pair; write its figures down, unless they are known and only a peer lacks the sound."""
        pair = point.pair
        try:
            work = lane.contender.prepare(pair, self.bench.seed)
            sound, effort = self.meter(work)
            if pair.digest not in lane.book:
                lane.book.put({pair.digest: self._figures(point, sound, effort).to_row()})
        except SingalikeError as error:
            lane.refused[pair.name] = error.message
        else:
            lane.made[pair.digest] = sound

    def _figures(self, point: _Point, sound: Sound, effort: Effort) -> Figures:
        heard = hear(sound, self.track)
        pitch = compare_pitch(point.source, heard, point.pair.key_shift)
        source, take, held_out = point.vectors
        at_16 = resample(sound, PEER_RATE).waveform[0]
        return Figures(
            source_target=float(source @ held_out),
            converted_target=float(self.timbre(sound) @ held_out),
            other_take_target=float(take @ held_out),
            content=content_kept(point.source, heard),
            correlation=pitch.correlation,
            rmse_cents=pitch.rmse_cents,
            gross_error=pitch.gross_error,
            voicing_error=pitch.voicing_error,
            left_out=pitch.left_out,
            distortion_db=mel_cepstral_distortion(point.source, heard),
            naturalness=self.naturalness.predict(at_16) if self.naturalness else float("nan"),
            real_time_factor=real_time_factor(effort.spent_s, point.pair.source),
            peak_mib=effort.peak_mib,
        )

    def _ask(self, peer: str, lanes: Sequence[_Lane], pairs: Sequence[Pair]) -> None:
        """Let a peer hear all conversions that it does not know, in one call: to start it takes seconds."""
        waiting = [(lane, pair) for pair in pairs for lane in lanes
                   if pair.digest in lane.made and pair.digest not in lane.peers[peer]]  # fmt: skip
        if not waiting:
            return
        asked = list({pair.digest: pair for _, pair in waiting}.values())
        points = [sound for pair in asked for sound in (pair.source, pair.take, pair.held_out)]
        made = [lane.made[pair.digest] for lane, pair in waiting]
        self.bench.say(f"{peer}: {len(points) + len(made)} sounds")
        vectors = self.bench.peers[peer]([resample(sound, PEER_RATE).waveform[0] for sound in (*points, *made)])
        of_pairs = vectors[: len(points)].reshape(len(asked), 3, -1)
        places = {pair.digest: place for place, pair in enumerate(asked)}
        for (lane, pair), vector in zip(waiting, vectors[len(points) :], strict=True):
            source, take, held_out = of_pairs[places[pair.digest]]
            row = [float(one @ held_out) for one in (source, vector, take)]
            lane.peers[peer].put({pair.digest: row})
