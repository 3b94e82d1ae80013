"""The ear: vocals in, voice profiles out."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from singalike.audio.activity import ANALYSIS_RATE as ACTIVITY_RATE
from singalike.audio.activity import Activity, detect_activity
from singalike.audio.levels import measure_clipping
from singalike.audio.loudness import normalize_loudness
from singalike.audio.quality import assess_quality
from singalike.audio.resample import resample
from singalike.audio.segments import Span, cut_segments
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.checkpoint import SHIPPED, load_checkpoint
from singalike.embeddings.ears.port import VoiceVectorEncoder
from singalike.embeddings.melody import MelodyEncoder, MelodyFrames
from singalike.embeddings.profile import Segments, Vectors, VoiceProfile
from singalike.embeddings.projection import unit
from singalike.embeddings.side_by_side import helper, torch_threads
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.style_features import StyleTracks
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
    """A recording made ready: mono at 16 kHz, at programme loudness."""

    sound: Sound
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
class _Colour:
    """What is heard of a recording beside its melody, as soon as it is there.

    Attributes:
        narrow: The recording at the rate that activity and noise are measured at.
        activity: Where the voice is active.
        frames: Frames of active voice.
        tracks: What style is measured from beside the pitch.
        timbre: Of the whole recording, (dim,), and of its segments, (segments, dim).
    """

    narrow: Future[Sound]
    activity: Future[Activity]
    frames: Future[VoiceFrames]
    tracks: Future[StyleTracks]
    timbre: Future[tuple[Vectors, Vectors]]


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
            WrongStateError: CHECKPOINT_DAMAGED, CHECKPOINT_OLD.
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
        return self._voice_frames(vocal, detect_activity(vocal.sound))

    def melody_frames(self, vocals: Sound) -> MelodyFrames:
        """Return the pitch and the latents that melody, style, voice gender and range are computed from.

        Raises:
            InvalidInputError: As `encode`.
        """
        return self.melody.analyse([_make_ready(vocals).waveform])[0]

    def _encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        threads = torch.get_num_threads()
        with helper() as hands:
            ready = [_make_ready(sound) for sound in vocals]
            colours = [self._begin_colour(vocal, hands, threads) for vocal in ready]
            melodies = self.melody.analyse([vocal.waveform for vocal in ready])
            return [self._profile(*parts) for parts in zip(ready, melodies, colours, strict=True)]

    def _begin_colour(self, vocal: _Vocal, hands: Executor, threads: int) -> _Colour:
        """Have everything measured that needs no melody, in the order of what needs what."""
        narrow = hands.submit(resample, vocal.sound, ACTIVITY_RATE)
        activity = hands.submit(lambda: detect_activity(narrow.result()))
        frames = hands.submit(lambda: self._voice_frames(vocal, activity.result()))
        tracks = hands.submit(lambda: StyleTracks.of(frames.result()))
        timbre = hands.submit(lambda: self._timbres(vocal, frames.result(), _spans(vocal, activity.result()), threads))
        return _Colour(narrow, activity, frames, tracks, timbre)

    def _profile(self, vocal: _Vocal, melody: MelodyFrames, colour: _Colour) -> VoiceProfile:
        """Sum up; what needs the frames or the timbre comes last, for it may still be on its way."""
        vocal_range, sung_notes, pitch = measure_range(melody.pitch), measure_sung_notes(melody.pitch), melody.pitch
        activity = colour.activity.result()
        spans = _spans(vocal, activity)
        whole = Span(0.0, vocal.sound.duration_s)
        melodies = self.melody.embed_spans(melody, [_times(span) for span in (whole, *spans)])
        quality = assess_quality(vocal.sound, pitch, activity, vocal.clipped_share, colour.narrow.result())
        frames = colour.frames.result()
        female_probability = self.voice_gender.female_probability(frames, pitch)
        parts = [_whole(frames), *(_times(span) for span in spans)]
        styles = self.style.embed_spans(frames, pitch, parts, colour.tracks.result())
        timbre, timbres = colour.timbre.result()
        return VoiceProfile(
            timbre=timbre,
            style=styles[0],
            melody=melodies[0],
            segments=_segments(spans, timbres, styles[1:], melodies[1:]),
            female_probability=female_probability,
            vocal_range=vocal_range,
            quality=quality,
            model_version=self.model_version,
            undecided_band=self.voice_gender.undecided_band,
            sung_notes=sung_notes,
        )

    def _voice_frames(self, vocal: _Vocal, activity: Activity) -> VoiceFrames:
        return only_voice(self.timbre.analyse(vocal.waveform), activity)

    def _timbres(
        self, vocal: _Vocal, frames: VoiceFrames, spans: Sequence[Span], threads: int
    ) -> tuple[Vectors, Vectors]:
        """Return the timbre of the whole recording, (dim,), and of its segments, (segments, dim)."""
        if self.other_timbre is None:
            vectors = self.timbre.embed_spans(frames, [_whole(frames), *(_times(span) for span in spans)])
            return vectors[0], vectors[1:]
        # Networks are trained on a few seconds: the mean over segments is closer to that than one call on a whole song.
        rate = self.other_timbre.info.sample_rate
        waveform = vocal.at_rate(rate)
        cuts = [waveform[round(span.start_s * rate) : round(span.end_s * rate)] for span in spans]
        with torch_threads(threads):  # another ear may be so large that all of them shorten it
            rows = self.other_timbre.embed(cuts)
        return unit(rows.mean(axis=0)), rows


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

    For instance "ear-3-3f9c0a12" or "ear-3-3f9c0a12+ecapa-0f1e2d3c4b5a".
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
    return _Vocal(normalized, measure_clipping(sound), sound)


def _spans(vocal: _Vocal, activity: Activity) -> tuple[Span, ...]:
    return cut_segments(vocal.sound.duration_s, activity)


def _whole(frames: VoiceFrames) -> tuple[float, float]:
    """Start and end of all frames in seconds; the last one is centred on the end of the sound."""
    return 0.0, len(frames) * frames.hop_s


def _segments(spans: Sequence[Span], timbres: Vectors, styles: Vectors, melodies: Vectors) -> Segments:
    starts, ends = np.array([span.start_s for span in spans]), np.array([span.end_s for span in spans])
    return Segments(start_s=starts, end_s=ends, timbre=timbres, style=styles, melody=melodies)


def _times(span: Span) -> tuple[float, float]:
    return span.start_s, span.end_s
