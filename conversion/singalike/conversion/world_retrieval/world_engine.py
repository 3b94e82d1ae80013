"""What engines on WORLD share: analysis and rendering in pieces, whatever moves the envelope between them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, hz_to_midi
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.conversion.engine import ConversionContext, Converted, ConvertOptions, EngineInfo, TargetVoice
from singalike.conversion.pieces import Piece, crossfaded, cut_pieces
from singalike.conversion.world_retrieval.analysis import HOP, HOP_S, RATE, Frames, analyse, join
from singalike.conversion.world_retrieval.rendering import at_rate, filtered, vocoded, with_loudness_of
from singalike.errors import InvalidInputError

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

SHORTEST_S = 0.1
ANALYSIS_SHARE = 0.5
"""Of the time a conversion takes; the rest is rendering."""


class EnvelopeMethod(Protocol):
    """Moves the envelope of one voice towards another's."""

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
    """

    method: EnvelopeMethod

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self.method.info

    def enrol(self, takes: Sequence[Sound], context: ConversionContext) -> TargetVoice:
        """Learn a voice; see `VoiceEngine.enrol`."""
        parts = []
        for done, take in enumerate(takes):
            context.check_cancelled()
            if take.waveform.any():
                parts.append(_analysed(resample(take.mono(), RATE)))
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
        _refuse_nothing(source)
        working = resample(source, RATE)
        pieces = cut_pieces(working, grid=HOP)
        frames = self._analyse(working, pieces, context)
        cepstra = np.column_stack([frames.cepstra[:, :1], self.method.moved(frames, voice.arrays, options)])
        rendered = self._render(source, working, pieces, frames, cepstra, voice, options, context)
        waveform = crossfaded(rendered, source.waveform.shape[-1], source.sample_rate)
        moved_hz = frames.pitch.f0_hz * np.float32(2.0 ** (options.key_shift / 12.0))
        wanted = PitchTrack(moved_hz, frames.pitch.voicing, HOP_S)
        return Converted(Sound(waveform[None], source.sample_rate), wanted, len(pieces))

    def _analyse(self, sound: Sound, pieces: Sequence[Piece], context: ConversionContext) -> Frames:
        key, parts = _digest(sound.waveform, self.info.version), []
        for number, piece in enumerate(pieces):
            context.check_cancelled()
            name = f"{key}-analysis-{number}"
            kept = context.pieces.load(name)
            part = _own_rows(analyse(piece.of(sound)), piece) if kept is None else Frames(**kept)
            if kept is None:
                context.pieces.save(name, {"f0_hz": part.f0_hz, "cepstra": part.cepstra, "level_db": part.level_db})
            parts.append(part)
            context.progress(ANALYSIS_SHARE * (number + 1) / len(pieces))
        return join(parts)

    def _render(
        self,
        source: Sound,
        working: Sound,
        pieces: Sequence[Piece],
        frames: Frames,
        cepstra: Floats,
        voice: TargetVoice,
        options: ConvertOptions,
        context: ConversionContext,
    ) -> Iterator[tuple[Piece, Waveform]]:
        key = _digest(source.waveform, self.info.version, options, *voice.arrays.values())
        for number, piece in enumerate(pieces):
            context.check_cancelled()
            place = piece.at_rate(RATE, source.sample_rate, source.waveform.shape[-1])
            name = f"{key}-rendered-{number}"
            kept = context.pieces.load(name)
            if kept is None:
                rows = slice(piece.from_sample // HOP, piece.to_sample // HOP + 1)
                here = frames.rows(rows.start, rows.stop)
                waveform = _sung(place.of(source), piece.of(working), here, cepstra[rows], options.key_shift)
                context.pieces.save(name, {"waveform": waveform})
            else:
                waveform = kept["waveform"]
            yield place, waveform
            context.progress(ANALYSIS_SHARE + (1.0 - ANALYSIS_SHARE) * (number + 1) / len(pieces))


def _sung(source: Sound, working: Sound, frames: Frames, cepstra: Floats, key_shift: float) -> Waveform:
    """Render one piece at the rate of the source, as loud as it."""
    if key_shift:
        sung = vocoded(working, frames, cepstra, key_shift)
        waveform = at_rate(sung, RATE, source.sample_rate, source.waveform.shape[-1])
    else:
        waveform = filtered(source, cepstra - frames.cepstra)
    return with_loudness_of(source, waveform)


def _own_rows(frames: Frames, piece: Piece) -> Frames:
    """Drop the rows of the margins; the very last row of a sound belongs to its last piece."""
    first = (piece.first - piece.from_sample) // HOP
    is_last = piece.last == piece.to_sample
    return frames.rows(first, len(frames) if is_last else first + (piece.last - piece.first) // HOP)


def _analysed(take: Sound) -> Frames:
    return join([_own_rows(analyse(piece.of(take)), piece) for piece in cut_pieces(take, grid=HOP)])


def _median_midi(frames: Frames) -> float:
    return float(np.median(hz_to_midi(frames.f0_hz[frames.voiced])))


def _refuse_nothing(source: Sound) -> None:
    if source.duration_s < SHORTEST_S:
        message = f"{source.duration_s:.2f} s are too short to convert: pass at least {SHORTEST_S} s"
        raise InvalidInputError("TOO_SHORT", message)
    if not source.waveform.any():
        raise InvalidInputError("SILENT", "nothing sounds in this vocal: pass a recording of a voice")


def _digest(waveform: Waveform, *deciding: object) -> str:
    """Name everything that decides what comes out."""
    digest = hashlib.sha256(np.ascontiguousarray(waveform).tobytes())
    for value in deciding:
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()[:32]
