"""Invented singers with many expressions, as the timbre encoder hears them: no expression makes another person."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.training.clip_cache import ClipCache, clip_key
from singalike.embeddings.training.clips import VariedClips, invented_name, seeded
from singalike.embeddings.training.datasets import TrainingVoice, content_digest
from singalike.embeddings.training.expressions import draw_expression
from singalike.embeddings.training.expressive_clips import expressive_clip
from singalike.embeddings.training.generator import VoiceAnalysis, articulate, invent_singer
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.timbre_clips import CACHE_BYTES, TimbreClip, packed

EXPRESSIVE_GENERATOR = 1
"""Grows with every change of what these clips sound like."""


def hear_expressively(
    voice: TrainingVoice,
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    settings: VariedClips,
    clips: int,
    seed: int,
    folder: Path,
) -> list[TimbreClip]:
    """Let the singers of `hear_voice` sing and speak with expressions, and keep what training needs of it.

    Args:
        voice: The recorded voice.
        analysis: Of its recording.
        melodies: To choose from.
        settings: Whose singers they are, and how long a clip is.
        clips: Of each singer.
        seed: Of all chance; the singers are those of the same seed.
        folder: Keeps the clips.
    """
    names = {warp: invented_name(voice.singer, warp) for warp in settings.warps}

    def make() -> NDArray[np.float16]:
        rows = []
        for warp, name in names.items():
            singer, rng = invent_singer(warp, seeded(seed, name)), seeded(seed, name, "expressive")
            for _ in range(clips):
                expression, mouth = draw_expression(rng), articulate(singer, rng)
                clip = expressive_clip(analysis, mouth, expression, melodies, rng, settings.duration_s)
                rows.append(packed(clip.waveform))
        return np.stack(rows)

    if clips == 0:
        return []
    of = {
        "expressive": EXPRESSIVE_GENERATOR,
        "recording": content_digest(voice.path),
        "warps": settings.warps,
        "clips": clips,
        "duration_s": settings.duration_s,
    }
    rows = ClipCache(folder, CACHE_BYTES).get_or_make(clip_key(seed, voice.singer, of), make)
    return [
        TimbreClip(voice.singer, name, False, row[:, :-1], row[:, -1] > 0, kind="expressive")
        for name, row in zip((name for name in names.values() for _ in range(clips)), rows, strict=True)
    ]
