"""Generated clips as the timbre encoder hears them, kept on disk so that a killed run does not make them twice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.training.clip_cache import ClipCache, clip_key
from singalike.embeddings.training.clips import VariedClips, invented_name, varied_clips
from singalike.embeddings.training.datasets import TrainingVoice, content_digest
from singalike.embeddings.training.generator import VoiceAnalysis
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.voice_frames import DETAIL_MEL, analyse_frames, detail_cepstra, network_frames

GENERATOR = 1
"""Grows with every change of what a clip sounds like or how it is heard, so that old clips on disk are not used."""

CACHE_BYTES = 6_000_000_000

Kind = Literal["invented", "expressive", "natural"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class TimbreClip:
    """What is kept of one clip that the encoder learns from.

    Attributes:
        voice: The recorded voice behind it.
        singer: Who is heard in it, the class that is learnt.
        augmented: Whether it is the changed copy of the clip before it: in a room, through a channel.
        frames: float16 (frames, 100), 80 log-mels and 20 pitch-robust cepstra every 10 ms.
        active: bool (frames,), frames that count.
        kind: What it is; the class of a natural one is a recording, resampled or not, of the others an invented singer.
    """

    voice: str
    singer: str
    augmented: bool
    frames: NDArray[np.float16]
    active: NDArray[np.bool_]
    kind: Kind = "invented"

    def cepstra(self) -> NDArray[np.float32]:
        """Return the detailed cepstra of the frames that count, (frames, 30)."""
        return detail_cepstra(self.frames[self.active, : DETAIL_MEL.mels].astype(np.float32))

    def envelope(self) -> NDArray[np.float32]:
        """Return the pitch-robust cepstra of the frames that count, (frames, 20)."""
        return self.frames[self.active, DETAIL_MEL.mels :].astype(np.float32)


def hear_voice(
    voice: TrainingVoice,
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    settings: VariedClips,
    seed: int,
    folder: Path | None = None,
) -> list[TimbreClip]:
    """Generate the clips of one recorded voice and keep what training needs of them.

    Args:
        voice: The recorded voice.
        analysis: Of its recording.
        melodies: To choose from.
        settings: How many clips of what.
        seed: Of all chance.
        folder: Keeps the clips; None keeps nothing.
    """

    def make() -> NDArray[np.float16]:
        clips = varied_clips(analysis, voice.singer, melodies, seed, settings)
        return np.stack([packed(clip.waveform) for clip in clips])

    if folder is None:
        kept = make()
    else:
        of = {"generator": GENERATOR, "recording": content_digest(voice.path)}
        kept = ClipCache(folder, CACHE_BYTES).get_or_make(clip_key(seed, voice.singer, of | asdict(settings)), make)
    return [
        TimbreClip(voice.singer, *label, rows[:, :-1], rows[:, -1] > 0)
        for label, rows in zip(_labels(voice.singer, settings), kept, strict=True)
    ]


def packed(waveform: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return what is kept of a clip: 100 numbers a frame and whether it counts, float16 (frames, 101)."""
    heard = analyse_frames(waveform)
    frames = network_frames(heard.log_mel, heard.envelope)
    return np.column_stack([frames, heard.chosen()]).astype(np.float16)


def _labels(name: str, settings: VariedClips) -> list[tuple[str, bool]]:
    """Singer and augmented of each clip, in the order of `varied_clips`."""
    labels = []
    for warp in settings.warps:
        singer = invented_name(name, warp)
        for index in range(settings.clips):
            labels.append((singer, False))
            if settings.spoken <= index < settings.spoken + settings.augmented:
                labels.append((singer, True))
    return labels
