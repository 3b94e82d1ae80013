"""The ear: vocals in, voice profiles out."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from singalike.audio.activity import Activity, detect_activity
from singalike.audio.levels import measure_clipping
from singalike.audio.loudness import normalize_loudness
from singalike.audio.pitch import PitchTrack
from singalike.audio.quality import assess_quality
from singalike.audio.resample import resample
from singalike.audio.segments import Span, cut_segments
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.checkpoint import SHIPPED, load_checkpoint
from singalike.embeddings.ears.port import VoiceVectorEncoder
from singalike.embeddings.melody import MelodyEncoder, MelodyFrames
from singalike.embeddings.profile import Segments, Vectors, VoiceProfile
from singalike.embeddings.projection import unit
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.sung_notes import measure_sung_notes
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.vocal_range import measure_range
from singalike.embeddings.voice_frames import VoiceFrames, only_voice
from singalike.embeddings.voice_gender import VoiceGenderClassifier
from singalike.errors import InvalidInputError

SAMPLE_RATE = 16_000
MODELS = ("timbre", "style", "melody", "voice_gender")

ANALYSIS = "3"
"""Grows with every change of the code that changes vectors; part of the model version."""

SHORTEST_S = 0.5


@dataclass(frozen=True, eq=False)
class _Vocal:
    """A recording made ready: mono at 16 kHz, at programme loudness, and where the voice is active in it."""

    sound: Sound
    activity: Activity
    clipped_share: float
    recorded: Sound

    @property
    def waveform(self) -> Waveform:
        return self.at_rate(SAMPLE_RATE)

    def at_rate(self, sample_rate: int) -> Waveform:
        """Return the waveform for an ear of another rate, made from the recording: 16 kHz keep nothing above 8 kHz."""
        sound = self.sound
        if sample_rate != sound.sample_rate:
            sound = normalize_loudness(resample(self.recorded.mono(), sample_rate))
        waveform: Waveform = sound.waveform[0]
        return waveform


@dataclass(frozen=True, eq=False)
class VoiceEncoder:
    """All models of one ear behind one call.

    Attributes:
        timbre, style, melody, voice_gender: The parts.
        model_version: Names the weights and the analysis; vectors of two versions never mix.
        device: Where torch computes, for instance "cpu" or "cuda:0".
        other_timbre: Gives the timbre vectors in place of `timbre`, whose frames style and voice gender still need.
    """

    timbre: TimbreEncoder
    style: StyleEncoder
    melody: MelodyEncoder
    voice_gender: VoiceGenderClassifier
    model_version: str
    device: str
    other_timbre: VoiceVectorEncoder | None = None

    @classmethod
    def load(
        cls, folder: Path = SHIPPED, device: str = "auto", other_timbre: VoiceVectorEncoder | None = None
    ) -> "VoiceEncoder":
        """Load the checkpoints of a folder.

        Args:
            folder: Holds timbre, style, melody and voice_gender; by default the shipped ones.
            device: A torch device, or "auto" for the first GPU, else the CPU.
            other_timbre: Another ear, for the timbre vectors alone.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
            InvalidInputError: BAD_DEVICE, torch does not have this device.
        """
        place = choose_device(device)
        return cls(
            TimbreEncoder.load(folder, place),
            StyleEncoder.load(folder),
            MelodyEncoder.load(folder, place),
            VoiceGenderClassifier.load(folder),
            model_version(folder, other_timbre),
            place,
            other_timbre,
        )

    @property
    def timbre_dim(self) -> int:
        """Numbers in a timbre vector."""
        return self.timbre.dim if self.other_timbre is None else self.other_timbre.info.dim

    @property
    def style_dim(self) -> int:
        """Numbers in a style vector."""
        return self.style.dim

    @property
    def melody_dim(self) -> int:
        """Numbers in a melody vector."""
        return self.melody.dim

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed recordings of one voice each; company in the batch does not change a vector by more than 1e-5.

        Args:
            vocals: Voices without accompaniment, any rate, one or two channels, at least 0.5 s.

        Returns:
            One profile for each, in order.

        Raises:
            InvalidInputError: TOO_SHORT; SILENT, nothing sounds in one of them.
            MemoryError: The device has no room for this batch.
        """
        try:
            return self._encode(vocals)
        except torch.OutOfMemoryError as error:  # a RuntimeError to torch, whatever the device
            raise MemoryError(str(error)) from error

    def voice_frames(self, vocals: Sound) -> VoiceFrames:
        """Return the frames of active voice that timbre, style and voice gender are computed from.

        Raises:
            InvalidInputError: As `encode`.
        """
        vocal = _make_ready(vocals)
        return only_voice(self.timbre.analyse(vocal.waveform), vocal.activity)

    def melody_frames(self, vocals: Sound) -> MelodyFrames:
        """Return the pitch and the latents that melody, style, voice gender and range are computed from.

        Raises:
            InvalidInputError: As `encode`.
        """
        return self.melody.analyse([_make_ready(vocals).waveform])[0]

    def _encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        ready = [_make_ready(sound) for sound in vocals]
        melodies = self.melody.analyse([vocal.waveform for vocal in ready])
        return [self._profile(vocal, frames) for vocal, frames in zip(ready, melodies, strict=True)]

    def _profile(self, vocal: _Vocal, melody: MelodyFrames) -> VoiceProfile:
        frames = only_voice(self.timbre.analyse(vocal.waveform), vocal.activity)
        spans = cut_segments(vocal.sound.duration_s, vocal.activity)
        whole = Span(0.0, vocal.sound.duration_s)
        melodies = self.melody.embed_spans(melody, [_times(span) for span in (whole, *spans)])
        timbre, timbres = self._timbres(vocal, frames, spans)
        return VoiceProfile(
            timbre=timbre,
            style=self.style.embed(frames, melody.pitch),
            melody=melodies[0],
            segments=self._segments(frames, melody.pitch, spans, timbres, melodies[1:]),
            female_probability=self.voice_gender.female_probability(frames, melody.pitch),
            vocal_range=measure_range(melody.pitch),
            quality=assess_quality(vocal.sound, melody.pitch, vocal.activity, vocal.clipped_share),
            model_version=self.model_version,
            undecided_band=self.voice_gender.undecided_band,
            sung_notes=measure_sung_notes(melody.pitch),
        )

    def _timbres(self, vocal: _Vocal, frames: VoiceFrames, spans: Sequence[Span]) -> tuple[Vectors, Vectors]:
        """Return the timbre of the whole recording, (dim,), and of its segments, (segments, dim)."""
        if self.other_timbre is None:
            whole = (0.0, len(frames) * frames.hop_s)  # the last frame is centred on the end
            vectors = self.timbre.embed_spans(frames, [whole, *(_times(span) for span in spans)])
            return vectors[0], vectors[1:]
        # Networks are trained on a few seconds: the mean over segments is closer to that than one call on a whole song.
        rate = self.other_timbre.info.sample_rate
        waveform = vocal.at_rate(rate)
        cuts = [waveform[round(span.start_s * rate) : round(span.end_s * rate)] for span in spans]
        rows = self.other_timbre.embed(cuts)
        return unit(rows.mean(axis=0)), rows

    def _segments(
        self, frames: VoiceFrames, pitch: PitchTrack, spans: Sequence[Span], timbres: Vectors, melodies: Vectors
    ) -> Segments:
        return Segments(
            start_s=np.array([span.start_s for span in spans]),
            end_s=np.array([span.end_s for span in spans]),
            timbre=timbres,
            style=self.style.embed_spans(frames, pitch, [_times(span) for span in spans]),
            melody=melodies,
        )


def choose_device(device: str) -> str:
    """Return the torch device to use for "auto" or a device's name.

    Raises:
        InvalidInputError: BAD_DEVICE.
    """
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        message = f"torch has no device {device!r} here: use auto, cpu or, with a CUDA build of torch, cuda"
        raise InvalidInputError("BAD_DEVICE", message) from error
    return device


def model_version(folder: Path = SHIPPED, other_timbre: VoiceVectorEncoder | None = None) -> str:
    """Name an ear by its analysis, the digests of its checkpoints and, if there is one, its other timbre.

    For instance "ear-1-3f9c0a12" or "ear-1-3f9c0a12+ecapa-0f1e2d3c4b5a".
    """
    digests = "".join(load_checkpoint(name, folder).sha256 for name in MODELS)
    own = f"ear-{ANALYSIS}-{sha256(digests.encode()).hexdigest()[:8]}"
    return own if other_timbre is None else f"{own}+{other_timbre.info.tag}"


def _make_ready(sound: Sound) -> _Vocal:
    if sound.duration_s < SHORTEST_S:
        raise InvalidInputError("TOO_SHORT", f"{sound.duration_s:.2f} s is too short: sing for at least {SHORTEST_S} s")
    mono = resample(sound.mono(), SAMPLE_RATE)
    if not mono.waveform.any():
        raise InvalidInputError("SILENT", "nothing can be heard: check the microphone and record again")
    normalized = normalize_loudness(mono)
    return _Vocal(normalized, detect_activity(normalized), measure_clipping(sound), sound)


def _times(span: Span) -> tuple[float, float]:
    return span.start_s, span.end_s
