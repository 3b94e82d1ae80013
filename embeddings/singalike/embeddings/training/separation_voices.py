"""Voices for the training of a separator: phrases of singing above all, dry and in mono.

Most phrases are sung by invented singers on the syllables of open recordings, in as many manners as people have. The
recordings themselves, as they are and with other pitch and formants, and wholly synthetic singers come beside them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.synthesis import SCALES, compose_melody, draw_singer
from singalike.audio.synthesis import sing as sing_synthetically
from singalike.audio.synthesis.voice import VOICE_GENDERS
from singalike.embeddings.training.clips import seeded
from singalike.embeddings.training.effort import draw_effort, sing_with_effort
from singalike.embeddings.training.expressions import draw_expression
from singalike.embeddings.training.expressive_clips import expressive_clip
from singalike.embeddings.training.generator import (
    SAMPLE_RATE,
    WARPS,
    PseudoSinger,
    VoiceAnalysis,
    articulate,
    at_level,
    invent_singer,
    sing,
)
from singalike.embeddings.training.manners import random_manner, varied_manner
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.pitch_shift import shift_pitch

LONGEST_S, SHORTEST_S = 20.0, 6.0
"""Lengths of a phrase, in seconds."""

SYNTHETIC = "synthetic"
"""Stands as the source of a phrase that nobody recorded."""

_LINE_S, _BREATH_S = (3.0, 9.0), (0.15, 1.2)
_EDGE_S = 0.01

Waveform = NDArray[np.float32]
_Line = Callable[[PseudoSinger, float, Generator], Waveform]


@dataclass(frozen=True, eq=False)
class VoicePhrase:
    """One phrase of one voice.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        kind: How it was made.
    """

    waveform: Waveform
    kind: str


def phrases_of(
    name: str, analysis: VoiceAnalysis, recording: Waveform, melodies: Sequence[Melody], seed: int
) -> Iterator[VoicePhrase]:
    """Make the phrases of one recorded voice: three sung by invented singers, and the recording in two forms.

    Args:
        name: Whose voice it is.
        analysis: Of the recording.
        recording: float32 (samples,) at 16 000 Hz.
        melodies: To choose from.
        seed: Of all chance.
    """
    for kind, line in _lines(analysis, melodies).items():
        rng = seeded(seed, "separation", name, kind)
        yield VoicePhrase(_sung(line, rng), kind)
    rng = seeded(seed, "separation", name, "recorded")
    yield VoicePhrase(_excerpt(recording, rng), "natural")
    pitch, formants = float(np.exp2(rng.uniform(-0.25, 0.35))), float(np.exp(rng.normal(0.0, 0.08)))
    moved = shift_pitch(_excerpt(recording, rng), pitch, formants, float(rng.uniform(0.9, 1.4)))
    yield VoicePhrase(at_level(moved[: round(LONGEST_S * SAMPLE_RATE)]), "moved")


def synthetic_phrase(seed: int, number: int) -> VoicePhrase:
    """Let a singer who never lived sing a composed melody.

    Args:
        seed: Of all chance.
        number: Of the phrase.
    """
    rng = seeded(seed, "separation", SYNTHETIC, str(number))
    singer = draw_singer(rng, VOICE_GENDERS[number % len(VOICE_GENDERS)])
    seconds, tempo_bpm = float(rng.uniform(8.0, LONGEST_S)), float(rng.uniform(66.0, 140.0))
    melody = compose_melody(rng, singer.centre_midi, seconds, str(rng.choice(sorted(SCALES))), tempo_bpm)
    return VoicePhrase(at_level(sing_synthetically(singer, melody, SAMPLE_RATE, rng).waveform[0]), SYNTHETIC)


def _lines(voice: VoiceAnalysis, melodies: Sequence[Melody]) -> dict[str, _Line]:
    """Ways of singing a line; whoever sings several in a row changes no more than the way the lips are held."""

    def melody(rng: Generator) -> Melody:
        return melodies[int(rng.integers(len(melodies)))]

    def expressive(singer: PseudoSinger, seconds: float, rng: Generator) -> Waveform:
        expression = replace(draw_expression(rng), spoken=False)
        return expressive_clip(voice, singer, expression, melodies, rng, seconds).waveform

    def strained(singer: PseudoSinger, seconds: float, rng: Generator) -> Waveform:
        return sing_with_effort(voice, singer, random_manner(rng), melody(rng), draw_effort(rng), rng, seconds)

    def mannered(singer: PseudoSinger, seconds: float, rng: Generator) -> Waveform:
        return sing(voice, singer, varied_manner(rng), melody(rng), rng, seconds)

    return {"expressive": expressive, "effort": strained, "manner": mannered}


def _sung(line: _Line, rng: Generator) -> Waveform:
    """Sing lines with breaths between them, (samples,)."""
    singer = invent_singer(float(rng.choice(WARPS)), rng)
    length_s = float(rng.uniform(SHORTEST_S + 2.0, LONGEST_S))
    parts: list[Waveform] = []
    sung_s = 0.0
    while sung_s < length_s - 2.0:
        seconds = min(float(rng.uniform(*_LINE_S)), length_s - sung_s)
        level = np.float32(10.0 ** (rng.normal(0.0, 2.0) / 20.0))
        breath = np.zeros(round(rng.uniform(*_BREATH_S) * SAMPLE_RATE), dtype=np.float32)
        parts += [level * _faded(line(articulate(singer, rng), seconds, rng)), breath]
        sung_s += seconds + len(breath) / SAMPLE_RATE
    return at_level(np.concatenate(parts[:-1]))


def _faded(waveform: Waveform) -> Waveform:
    """Let a line that is cut anywhere begin and end without a click."""
    ramp = np.linspace(0.0, 1.0, round(_EDGE_S * SAMPLE_RATE), dtype=np.float32)
    shaped = waveform.copy()
    shaped[: len(ramp)] *= ramp
    shaped[-len(ramp) :] *= ramp[::-1]
    return shaped


def _excerpt(recording: Waveform, rng: Generator) -> Waveform:
    """Cut a stretch of at most 20 s from anywhere."""
    longest = round(LONGEST_S * SAMPLE_RATE)
    first = int(rng.integers(max(len(recording) - longest, 0) + 1))
    return at_level(recording[first : first + longest])
