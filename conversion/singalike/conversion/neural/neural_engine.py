"""What engines with networks share: takes are heard, songs are sung piece by piece, whatever sings a piece."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, hz_to_midi
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.conversion.engine import (
    ConversionContext,
    Converted,
    ConvertOptions,
    EngineInfo,
    TargetVoice,
    refuse_nothing,
)
from singalike.conversion.neural.content import HOP, RATE
from singalike.conversion.neural.listening import PITCH_HOP_S, Heard, Listener, join, own_rows, seconds
from singalike.conversion.piece_store import digest_of
from singalike.conversion.pieces import Piece, crossfaded, cut_pieces
from singalike.conversion.world_retrieval.rendering import with_loudness_of
from singalike.errors import InvalidInputError, WrongStateError

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

Singer = Callable[[Heard, ConvertOptions, int, Callable[[], None]], Waveform]
"""Takes what is to be sung, at its final pitch, what a person chose, a seed, and what to call every second or two: it
raises to stop. Gives float32 (samples,) at the engine's rate, as long as its rows."""


class SingingMethod(Protocol):
    """Sings what was heard."""

    @property
    def info(self) -> EngineInfo:
        """What the engine is with this method."""
        ...

    def learn(self, takes: Heard, seed: int) -> Arrays:
        """Learn a voice from its takes; the arrays go to `singer`."""
        ...

    def singer(self, voice: Arrays) -> Singer:
        """Get ready to sing with a voice."""
        ...


@dataclass(frozen=True, eq=False)
class NeuralEngine:
    """A `VoiceEngine` with networks. Pieces are sung one by one, so no company in a batch can change a sample.

    Attributes:
        listener: What hears takes and songs.
        method: What sings.
    """

    listener: Listener
    method: SingingMethod

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self.method.info

    def enrol(self, takes: Sequence[Sound], context: ConversionContext) -> TargetVoice:
        """Learn a voice; see `VoiceEngine.enrol`."""
        parts: list[Heard] = []
        for done, take in enumerate(takes):
            if take.waveform.any():
                parts += self._hear(resample(take.mono(), RATE), context)
            context.progress((done + 1) / (len(takes) + 1))
        heard = join(parts) if parts else None
        voiced = None if heard is None else heard.sounding & (heard.row_hz > 0)
        voice_s = 0.0 if voiced is None else seconds(float(voiced.sum()))
        if heard is None or voiced is None or voice_s < self.info.min_seconds:
            message = (
                f"{voice_s:.1f} s of voice are too little: record at least {self.info.min_seconds:.0f} s of singing"
            )
            raise InvalidInputError("TOO_LITTLE_VOICE", message)
        arrays = self.method.learn(heard, context.seed)
        context.progress(1.0)
        median_midi = float(np.median(hz_to_midi(heard.row_hz[voiced])))
        facts = {"voice_s": round(voice_s, 3), "median_midi": round(median_midi, 3)}
        return TargetVoice(self.info.name, self.info.version, arrays, facts)

    def convert(
        self, vocal: Sound, voice: TargetVoice, options: ConvertOptions, context: ConversionContext
    ) -> Converted:
        """Sing a vocal with a learnt voice; see `VoiceEngine.convert`."""
        voice.require(self.info)
        source = vocal.mono()
        refuse_nothing(source)
        sing, device = self.method.singer(voice.arrays), self.listener.content.device
        key = digest_of(source.waveform, source.sample_rate, self.info, options, device, *voice.arrays.values())
        work = _Work(source, resample(source, RATE), sing, options, context.check_cancelled)
        pieces = cut_pieces(work.working, grid=HOP)
        sung: list[tuple[Piece, Waveform]] = []
        pitch: list[Floats] = []
        for number, piece in enumerate(pieces):
            context.check_cancelled()
            name = f"{key}-sung-{number}"
            kept = context.pieces.load(name)
            if kept is None:
                kept = self._sing(work, piece)
                context.pieces.save(name, kept)
            sung.append((work.place(piece), kept["waveform"]))
            pitch.append(kept["f0_hz"])
            context.progress((number + 1) / len(pieces))
        waveform = crossfaded(sung, source.waveform.shape[-1], source.sample_rate)
        return Converted(Sound(waveform[None], source.sample_rate), _track(np.concatenate(pitch)), len(pieces))

    def _hear(self, take: Sound, context: ConversionContext) -> list[Heard]:
        parts = []
        for piece in cut_pieces(take, grid=HOP):
            context.check_cancelled()
            parts.append(own_rows(self.listener.hear(piece.of(take)), piece))
        return parts

    def _sing(self, work: "_Work", piece: Piece) -> Arrays:
        """Sing a piece with its margins."""
        source, options = work.place(piece).of(work.source), work.options
        heard = self.listener.hear(piece.of(work.working))
        wanted = replace(heard, f0_hz=heard.f0_hz * np.float32(2.0 ** (options.key_shift / 12.0)))
        # Every piece has noise of its own: the same one over and over would be heard as a pattern.
        seed = (options.seed * 1_000_003 + piece.first) % 2**63
        at_rate = Sound(_finite(work.sing(wanted, options, seed, work.check))[None], self.info.sample_rate)
        samples = source.waveform.shape[-1]
        waveform = resample(at_rate, source.sample_rate).waveform[0][:samples]
        waveform = np.pad(waveform, (0, samples - len(waveform)))
        return {"waveform": with_loudness_of(source, waveform), "f0_hz": own_rows(wanted, piece).f0_hz}


@dataclass(frozen=True, eq=False)
class _Work:
    """A song on its way: the vocal at its own rate and at the engine's, and how to sing it."""

    source: Sound
    working: Sound
    sing: Singer
    options: ConvertOptions
    check: Callable[[], None]

    def place(self, piece: Piece) -> Piece:
        """Return where a piece lies at the vocal's own rate."""
        return piece.at_rate(RATE, self.source.sample_rate, self.source.waveform.shape[-1])


def _finite(waveform: Waveform) -> Waveform:
    """Refuse what is no sound: one such sample would silence a whole song in the mix."""
    if not np.isfinite(waveform).all():
        message = "the engine's weights make numbers that are no sound: fetch them again, or compute on the CPU"
        raise WrongStateError("WEIGHTS_DAMAGED", message)
    return waveform


def _track(f0_hz: Floats) -> PitchTrack:
    voiced = f0_hz > 0
    return PitchTrack(np.where(voiced, f0_hz, np.nan).astype(np.float32), voiced.astype(np.float32), PITCH_HOP_S)
