"""What engines on WORLD share: analysis and rendering in pieces, whatever moves the envelope between them."""

from collections.abc import Iterator, Mapping, Sequence
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
from singalike.conversion.piece_store import digest_of
from singalike.conversion.pieces import Piece, crossfaded, cut_pieces
from singalike.conversion.world_retrieval.analysis import FLOOR_DB, HOP, HOP_S, RATE, Frames, analyse, join
from singalike.conversion.world_retrieval.known_pitch import with_known_pitch
from singalike.conversion.world_retrieval.pitch import PitchTracker
from singalike.conversion.world_retrieval.rendering import Renderer
from singalike.errors import InvalidInputError

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

ANALYSIS_SHARE = 0.5
"""Of the time a conversion takes; the rest is rendering."""


class EnvelopeMethod(Protocol):
    """Moves the envelope of one voice towards another's."""

    def content_with(self, min_seconds: float) -> "EnvelopeMethod":
        """Return the same method, which learns from so much voice or more."""
        ...

    @property
    def info(self) -> EngineInfo:
        """What the engine is with this method."""
        ...

    def learn(self, takes: Frames, seed: int) -> Arrays:
        """Learn a voice from the rows of its takes; the arrays go to `moved`."""
        ...

    def moved(self, source: Frames, voice: Arrays, options: ConvertOptions) -> Floats:
        """Return c1 to c59 of every row of a source as the voice would have them, float32 (frames, 59)."""
        ...


@dataclass(frozen=True)
class WorldEngine:
    """A `VoiceEngine` on WORLD.

    Attributes:
        method: What moves the envelope.
        pitch: What finds the pitch.
        render: What makes sound of the moved envelope.
        floor_db: Of the analysis, see `over_floor`.
    """

    method: EnvelopeMethod
    pitch: PitchTracker
    render: Renderer
    floor_db: float = FLOOR_DB

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self.method.info

    def content_with(self, min_seconds: float) -> "WorldEngine":
        """Return the same engine, which learns a voice from so many seconds or more."""
        return replace(self, method=self.method.content_with(min_seconds))

    def enrol(self, takes: Sequence[Sound], context: ConversionContext) -> TargetVoice:
        """Learn a voice; see `VoiceEngine.enrol`."""
        parts = []
        for done, take in enumerate(takes):
            context.check_cancelled()
            if take.waveform.any():
                parts.append(self.analyse(resample(take.mono(), RATE)))
            context.progress((done + 1) / (len(takes) + 1))
        frames = join(parts) if parts else None
        voice_s = 0.0 if frames is None else float((frames.voiced & frames.sounding).sum() * HOP_S)
        if frames is None or voice_s < self.info.min_seconds:
            message = (
                f"{voice_s:.1f} s of voice are too little: record at least {self.info.min_seconds:.0f} s of singing"
            )
            raise InvalidInputError("TOO_LITTLE_VOICE", message)
        arrays = self.method.learn(frames, context.seed)
        context.progress(1.0)
        facts = {"voice_s": round(voice_s, 3), "median_midi": round(_median_midi(frames), 3)}
        return TargetVoice(self.info.name, self.info.version, arrays, facts)

    def convert(
        self, vocal: Sound, voice: TargetVoice, options: ConvertOptions, context: ConversionContext
    ) -> Converted:
        """Sing a vocal with a learnt voice; see `VoiceEngine.convert`."""
        voice.require(self.info)
        source = vocal.mono()
        refuse_nothing(source)
        working = resample(source, RATE)
        pieces = cut_pieces(working, grid=HOP)
        frames = self._analyse(working, pieces, context)
        cepstra = np.column_stack([frames.cepstra[:, :1], self.method.moved(frames, voice.arrays, options)])
        key = digest_of(source.waveform, self.info, options, frames.f0_hz, *voice.arrays.values())
        work = _Work(source, working, pieces, frames, cepstra, options.key_shift, key)
        waveform = crossfaded(self._render(work, context), source.waveform.shape[-1], source.sample_rate)
        moved_hz = frames.pitch.f0_hz * np.float32(2.0 ** (options.key_shift / 12.0))
        wanted = PitchTrack(moved_hz, frames.pitch.voicing, HOP_S)
        return Converted(Sound(waveform[None], source.sample_rate), wanted, len(pieces))

    def analyse(self, sound: Sound) -> Frames:
        """Take a voice apart, mono at 24 000 Hz."""
        return join([self._analyse_piece(piece, sound) for piece in cut_pieces(sound, grid=HOP)])

    def _analyse_piece(self, piece: Piece, sound: Sound, known: PitchTrack | None = None) -> Frames:
        part = piece.of(sound)
        f0_hz = self.pitch.track(part, HOP_S)
        if known is not None:
            told = known.cut(piece.from_sample / RATE, piece.to_sample / RATE)
            f0_hz = with_known_pitch(f0_hz, part, HOP_S, told)
        return _own_rows(analyse(part, f0_hz, self.floor_db), piece)

    def _analyse(self, sound: Sound, pieces: Sequence[Piece], context: ConversionContext) -> Frames:
        known = context.pitch
        key, parts = digest_of(sound.waveform, self.info, *([] if known is None else [known.f0_hz])), []
        for number, piece in enumerate(pieces):
            context.check_cancelled()
            name = f"{key}-analysis-{number}"
            kept = context.pieces.load(name)
            part = self._analyse_piece(piece, sound, known) if kept is None else Frames(**kept)
            if kept is None:
                context.pieces.save(name, {"f0_hz": part.f0_hz, "cepstra": part.cepstra, "level_db": part.level_db})
            parts.append(part)
            context.progress(ANALYSIS_SHARE * (number + 1) / len(pieces))
        return join(parts)

    def _render(self, work: "_Work", context: ConversionContext) -> Iterator[tuple[Piece, Waveform]]:
        rate, samples = work.source.sample_rate, work.source.waveform.shape[-1]
        for number, piece in enumerate(work.pieces):
            context.check_cancelled()
            place = piece.at_rate(RATE, rate, samples)
            name = f"{work.key}-rendered-{number}"
            kept = context.pieces.load(name)
            if kept is None:
                rows = slice(piece.from_sample // HOP, piece.to_sample // HOP + 1)
                frames, cepstra = work.frames.rows(rows.start, rows.stop), work.cepstra[rows]
                sung = self.render(place.of(work.source), piece.of(work.working), frames, cepstra, work.key_shift)
                kept = {"waveform": sung}
                context.pieces.save(name, kept)
            yield place, kept["waveform"]
            context.progress(ANALYSIS_SHARE + (1.0 - ANALYSIS_SHARE) * (number + 1) / len(work.pieces))


@dataclass(frozen=True, eq=False)
class _Work:
    """A song on its way: the vocal at its own rate and at the engine's, and the envelopes to sing it with."""

    source: Sound
    working: Sound
    pieces: Sequence[Piece]
    frames: Frames
    cepstra: Floats
    key_shift: float
    key: str


def _own_rows(frames: Frames, piece: Piece) -> Frames:
    """Drop the rows of the margins; the very last row of a sound belongs to its last piece."""
    first = (piece.first - piece.from_sample) // HOP
    is_last = piece.last == piece.to_sample
    return frames.rows(first, len(frames) if is_last else first + (piece.last - piece.first) // HOP)


def _median_midi(frames: Frames) -> float:
    return float(np.median(hz_to_midi(frames.f0_hz[frames.voiced])))
