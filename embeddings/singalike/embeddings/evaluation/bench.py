"""What every topic of an evaluation works with: the recordings, the ear, and vectors computed once and kept."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from singalike.audio.decoding import select_channel
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.conditions import CLEAN, SAMPLE_RATE, Condition
from singalike.embeddings.evaluation.recordings import MeasuredFolder, Recording
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.embeddings.melody import MelodyFrames
from singalike.embeddings.profile import VoiceProfile
from singalike.embeddings.voice_frames import VoiceFrames
from singalike.errors import NotFoundError, SingalikeError

Vectors = NDArray[np.float32]
Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Opens a progress bar with a title and a number of steps; what it yields is called after every step."""

Peer = Callable[[Sequence[Waveform]], Vectors]
"""Somebody else's encoder: waveforms at 16 000 Hz in, unit rows (recordings, dim) out."""

_SAVE_EVERY = 100
_PEER_BLOCK = 500


@dataclass(frozen=True, eq=False)
class Hearing:
    """One recording as every method hears it; each view is computed when it is first asked for.

    Attributes:
        waveform: float32 (samples,) mono at 16 000 Hz, after the condition.
        encoder: The ear.
    """

    waveform: Waveform
    encoder: VoiceEncoder

    @property
    def sound(self) -> Sound:
        """The waveform with its rate."""
        return Sound(self.waveform[None], SAMPLE_RATE)

    @cached_property
    def frames(self) -> VoiceFrames:
        """What timbre, style and voice gender are computed from, exactly as in a profile."""
        return self.encoder.voice_frames(self.sound)

    @cached_property
    def melody(self) -> MelodyFrames:
        """Latents and pitch, exactly as in a profile."""
        return self.encoder.melody_frames(self.sound)

    @property
    def pitch(self) -> PitchTrack:
        """Pitch by the ear's own tracker."""
        return self.melody.pitch

    @cached_property
    def profile(self) -> VoiceProfile:
        """The whole profile; the single views cost less when only they are needed."""
        return self.encoder.encode([self.sound])[0]


@dataclass(frozen=True)
class Method:
    """One way to describe a recording in numbers.

    Attributes:
        embed: Returns a float32 vector, (dim,), or a matrix (steps, dim) whose first axis may differ in length.
        version: Part of the cache's key: the ear's `model_version` where the ear computes, else grown by hand.
        baseline: Whether it stands in the table only for comparison.
        standardised: Whether its numbers have no common scale, so that each is scaled within a set before cosines.
    """

    embed: Callable[[Hearing], Vectors]
    version: str
    baseline: bool = False
    standardised: bool = False


@dataclass(frozen=True, eq=False)
class Embedded:
    """The vectors of a set of recordings.

    Attributes:
        recordings: Those that could be heard.
        arrays: By method, one array for each recording.
        refused: (name, message) of those that the ear refuses.
    """

    recordings: tuple[Recording, ...]
    arrays: Mapping[str, Sequence[Vectors]]
    refused: tuple[tuple[str, str], ...] = ()

    def matrix(self, method: str) -> Vectors:
        """Return float32 (recordings, dim) of a method that gives one vector a recording."""
        return np.stack(self.arrays[method])

    def only(self, recordings: Collection[Recording]) -> "Embedded":
        """Keep what belongs to these recordings."""
        wanted = {one.name for one in recordings}
        rows = [row for row, one in enumerate(self.recordings) if one.name in wanted]
        arrays = {method: [vectors[row] for row in rows] for method, vectors in self.arrays.items()}
        refused = tuple(pair for pair in self.refused if pair[0] in wanted)
        return Embedded(tuple(self.recordings[row] for row in rows), arrays, refused)


@dataclass(frozen=True, eq=False)
class Bench:
    """Where an evaluation happens.

    Attributes:
        folder: The recordings.
        encoder: The ear.
        decode: Bytes of a recording to sound.
        cache: Keeps vectors between runs.
        progress: Shows how far the work is.
        say: Told in words what is done.
        seed: Of all chance.
        seconds: Length of the short clips that are measured beside the whole ones.
        most: At most so many recordings of a set; None takes all.
        peers: Other people's encoders to stand beside the ear, by name.
        place: Lays vectors (points, dim) out on a plane (points, 2) from a seed; None draws no maps.
    """

    folder: MeasuredFolder
    encoder: VoiceEncoder
    decode: Callable[[bytes], Sound]
    cache: VectorCache
    progress: Progress
    say: Callable[[str], None]
    seed: int = 0
    seconds: float = 3.0
    most: int | None = None
    peers: Mapping[str, Peer] = field(default_factory=dict)
    place: Callable[[Vectors, int], Vectors] | None = None
    _digests: dict[str, str] = field(default_factory=dict)

    def sets(self, *kinds: str) -> Mapping[str, Sequence[Recording]]:
        """Return the sets of these kinds (without one, of all voices), cut to `most` recordings each.

        Raises:
            InvalidInputError: NOTHING_TO_MEASURE.
        """
        return self.folder.sets(kinds, self.most) if kinds else self.folder.sets(most=self.most)

    def hear(self, recording: Recording, condition: Condition = CLEAN) -> Hearing:
        """Read a recording and change it as the condition says.

        Raises:
            NotFoundError: AUDIO_NOT_FOUND.
            InvalidInputError: It cannot be decoded.
        """
        sound = resample(select_channel(self.decode(_read(recording)), recording.channel).mono(), SAMPLE_RATE)
        rng = np.random.default_rng([self.seed, int(self.digest(recording)[:8], 16)])
        return Hearing(condition.change(sound.waveform[0], rng), self.encoder)

    def digest(self, recording: Recording) -> str:
        """Name a recording by what is in it: 32 hexadecimal digits of its bytes and channel."""
        if recording.name not in self._digests:
            content = _read(recording) + recording.channel.encode()
            self._digests[recording.name] = sha256(content).hexdigest()[:32]
        return self._digests[recording.name]

    def embed(
        self, recordings: Sequence[Recording], methods: Mapping[str, Method], condition: Condition = CLEAN
    ) -> Embedded:
        """Describe recordings with every method; what an earlier run has computed is read from the cache.

        Args:
            recordings: Of any sets.
            methods: By name.
            condition: What happens to each recording first.
        """
        sounds = {self.digest(one): partial(self.hear, one, condition) for one in recordings}
        arrays, refusals = self.embed_sounds(sounds, methods, condition.name)
        heard = tuple(one for one in recordings if self.digest(one) not in refusals)
        refused = tuple((one.name, refusals[self.digest(one)]) for one in recordings if self.digest(one) in refusals)
        return Embedded(
            heard, {name: [kept[self.digest(one)] for one in heard] for name, kept in arrays.items()}, refused
        )

    def embed_sounds(
        self, sounds: Mapping[str, Callable[[], Hearing]], methods: Mapping[str, Method], title: str
    ) -> tuple[Mapping[str, Mapping[str, Vectors]], Mapping[str, str]]:
        """Describe any sounds with every method.

        Args:
            sounds: Makers of the sounds, by names that stand for their content.
            methods: By name.
            title: What was done to them; with the seed and the methods' versions the key of the cache.

        Returns:
            By method and name one array each, and the messages of the sounds that the ear refuses.
        """
        tables = {name: f"{name}-{method.version}-{title}-{self.seed}" for name, method in methods.items()}
        kept = {name: self.cache.load(table) for name, table in tables.items()}
        refused: dict[str, str] = {}
        missing = [name for name in sounds if any(name not in table for table in kept.values())]
        with self.progress(f"listening ({title})", len(missing)) as advance:
            for count, name in enumerate(missing, start=1):
                try:
                    _complete(kept, name, sounds[name](), methods)
                except SingalikeError as error:
                    refused[name] = error.message
                if count % _SAVE_EVERY == 0 or count == len(missing):
                    for method, table in tables.items():
                        self.cache.save(table, kept[method])
                advance()
        return kept, refused

    def embed_by_peer(self, peer: str, recordings: Sequence[Recording], condition: Condition = CLEAN) -> Embedded:
        """Describe recordings, none of them refused by the ear, with somebody else's encoder."""
        table = f"{peer}-peer-{condition.name}-{self.seed}"
        kept = self.cache.load(table)
        missing = [one for one in recordings if self.digest(one) not in kept]
        with self.progress(f"{peer} ({condition.name})", len(missing)) as advance:
            for first in range(0, len(missing), _PEER_BLOCK):
                block = missing[first : first + _PEER_BLOCK]
                vectors = self.peers[peer]([self.hear(one, condition).waveform for one in block])
                kept |= {self.digest(one): vector for one, vector in zip(block, vectors, strict=True)}
                self.cache.save(table, kept)
                for _ in block:
                    advance()
        return Embedded(tuple(recordings), {peer: [kept[self.digest(one)] for one in recordings]})


def _complete(
    kept: Mapping[str, dict[str, Vectors]], name: str, hearing: Hearing, methods: Mapping[str, Method]
) -> None:
    """Fill in what is missing, all or nothing."""
    missing = {method: how for method, how in methods.items() if name not in kept[method]}
    fresh = {method: np.asarray(how.embed(hearing), dtype=np.float32) for method, how in missing.items()}
    for method, vectors in fresh.items():
        kept[method][name] = vectors


def _read(recording: Recording) -> bytes:
    try:
        return recording.file.read_bytes()
    except OSError as error:
        message = f"{recording.file} cannot be read: correct the path in the manifest"
        raise NotFoundError("AUDIO_NOT_FOUND", message) from error
