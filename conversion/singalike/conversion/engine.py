"""The interface of a conversion engine, whoever made it, and the values that go in and come out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Sound
from singalike.conversion.piece_store import NoPieces, PieceStore
from singalike.errors import InvalidInputError, WrongStateError

FARTHEST_SHIFT = 24.0
"""Semitones by which a song may be moved: two octaves are what lies between a bass and a soprano."""

SHORTEST_S = 0.1


@dataclass(frozen=True)
class EngineInfo:
    """What is known about an engine.

    Attributes:
        name: As callers choose it, for instance "world-retrieval".
        version: Grows with every change of what it makes; target voices of two versions never mix.
        licence: Of its code.
        weights_licence: Of its weights; "none" where it has none.
        min_seconds: Of voice in the takes that it needs to learn a target voice.
        sample_rate: At which it works, in Hz.
    """

    name: str
    version: str
    licence: str
    weights_licence: str
    min_seconds: float
    sample_rate: int


@dataclass(frozen=True, eq=False)
class TargetVoice:
    """What an engine has learnt of the voice that shall sing; saved by `target_voice.save_target_voice`.

    Attributes:
        engine: Name of the engine that learnt it.
        engine_version: Its version.
        arrays: Numbers by name.
        facts: Further facts, JSON values only; every engine states `voice_s` and `median_midi`.
    """

    engine: str
    engine_version: str
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]

    def require(self, info: EngineInfo) -> None:
        """Refuse to serve an engine that did not make this voice.

        Raises:
            WrongStateError: TARGET_VOICE_OF_OTHER_ENGINE.
        """
        if (self.engine, self.engine_version) != (info.name, info.version):
            message = (
                f"this voice was enrolled for {self.engine} {self.engine_version}, not for {info.name} {info.version}: "
                "enrol the takes again"
            )
            raise WrongStateError("TARGET_VOICE_OF_OTHER_ENGINE", message)


@dataclass(frozen=True)
class ConvertOptions:
    """What a person may choose; an engine ignores what it has no use for.

    Attributes:
        key_shift: Semitones added to the sung pitch, fractions allowed. The accompaniment is moved by the caller.
        retrieval_share: How much of the colour comes from single moments of the target, in [0, 1]; the rest from what
            is true of the voice on the whole. None is the engine's own choice.
        protect: Share of the conversion that unvoiced sounds get, in [0, 1]: 0 leaves consonants and breath alone. None
            is the engine's own choice.
        seed: Of all randomness; the same seed gives the same sound.

    Raises:
        InvalidInputError: BAD_CONVERT_OPTIONS, one lies outside its range.
    """

    key_shift: float = 0.0
    retrieval_share: float | None = None
    protect: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        shares = [share for share in (self.protect, self.retrieval_share) if share is not None]
        in_range = all(0.0 <= share <= 1.0 for share in shares) and abs(self.key_shift) <= FARTHEST_SHIFT
        if not (in_range and math.isfinite(self.key_shift)):
            message = f"choose shares in [0, 1] and a key shift within {FARTHEST_SHIFT:.0f} semitones, not {self}"
            raise InvalidInputError("BAD_CONVERT_OPTIONS", message)


def _ignore(_done: float) -> None:
    """Stand in for a progress that nobody watches."""


def _never() -> None:
    """Stand in for a job that nobody cancels."""


@dataclass(frozen=True)
class ConversionContext:
    """What the caller lends an engine for one call.

    Attributes:
        progress: Called with the share done, in [0, 1], growing.
        check_cancelled: Called at least once for every few seconds of sound; raises the caller's error to stop.
        device: Where torch computes, for engines that use it.
        seed: Of the randomness of an enrolment; conversions take that of their options.
        pieces: Keeps finished pieces, so that a conversion that was cut off goes on where it stopped.
        pitch: Of the vocal that is converted, as far as the caller is sure of it, NaN elsewhere; None: no idea. What is
            separated holds rests of others, whose pitch an engine would take for the singer's.
    """

    progress: Callable[[float], None] = _ignore
    check_cancelled: Callable[[], None] = _never
    device: str = "cpu"
    seed: int = 0
    pieces: PieceStore = field(default_factory=NoPieces)
    pitch: PitchTrack | None = None


@dataclass(frozen=True, eq=False)
class Converted:
    """A converted vocal.

    Attributes:
        vocal: Mono, as long as the source and at its rate.
        wanted_pitch: What was to be sung: the pitch of the source, moved by the key shift.
        pieces: How many pieces it was made of.
    """

    vocal: Sound
    wanted_pitch: PitchTrack
    pieces: int


def refuse_nothing(source: Sound) -> None:
    """Refuse a vocal in which there is nothing to convert.

    Raises:
        InvalidInputError: TOO_SHORT, SILENT.
    """
    if source.duration_s < SHORTEST_S:
        message = f"{source.duration_s:.2f} s are too short to convert: pass at least {SHORTEST_S} s"
        raise InvalidInputError("TOO_SHORT", message)
    if not source.waveform.any():
        raise InvalidInputError("SILENT", "nothing sounds in this vocal: pass a recording of a voice")


class VoiceEngine(Protocol):
    """Sings what one voice sang with the voice of another person."""

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        ...

    def enrol(self, takes: Sequence[Sound], context: ConversionContext) -> TargetVoice:
        """Learn a voice.

        Args:
            takes: Recordings of that voice alone, any rate and channels, `info.min_seconds` of voice in all.
            context: Progress, cancelling, device, seed.

        Raises:
            InvalidInputError: TOO_LITTLE_VOICE.
        """
        ...

    def convert(
        self, vocal: Sound, voice: TargetVoice, options: ConvertOptions, context: ConversionContext
    ) -> Converted:
        """Sing a vocal with a learnt voice.

        Args:
            vocal: One voice alone, any rate and channels.
            voice: From `enrol` of the same engine.
            options: What a person may choose.
            context: Progress, cancelling, device, finished pieces.

        Raises:
            InvalidInputError: TOO_SHORT; SILENT, nothing sounds in the vocal.
            WrongStateError: TARGET_VOICE_OF_OTHER_ENGINE.
        """
        ...
