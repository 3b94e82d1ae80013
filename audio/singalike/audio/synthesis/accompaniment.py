"""Accompany: bass, chords and drums below a voice, in several genres.

A style is a table: which instrument plays the chords at which beats, how the bass walks, where the drums hit. The
sound of a bar depends on its chord alone, so loops repeat exactly, as in much recorded music.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.audio.synthesis import instruments
from singalike.audio.synthesis.melody import Chord
from singalike.audio.synthesis.singing import SAMPLE_RATE
from singalike.errors import InvalidInputError

Floats = NDArray[np.float64]
Tone = Callable[[float, float, int], Floats]

BACKING_DBFS = -20.0
"""RMS of every accompaniment."""


@dataclass(frozen=True)
class Style:
    """How a genre accompanies; beats count from 0 within a bar of four.

    Attributes:
        tempo_bpm: Usual lowest and highest tempo.
        scales: Usual scales.
        tone: Instrument of the chords.
        strums: (beat, length in beats) of each chord.
        bass_beats: (beat, chord note) of each bass note: 0 root, 1 third, 2 fifth.
        sevenths: Whether chords have four notes.
        arpeggio: Play the chord's notes one after another, one a strum.
        kicks, snares, hats: Beats of the drums.
        drums_db: Level of the drums in dB.
    """

    tempo_bpm: tuple[float, float]
    scales: tuple[str, ...]
    tone: Tone
    strums: tuple[tuple[float, float], ...]
    bass_beats: tuple[tuple[float, int], ...]
    sevenths: bool = False
    arpeggio: bool = False
    kicks: tuple[float, ...] = ()
    snares: tuple[float, ...] = ()
    hats: tuple[float, ...] = ()
    drums_db: float = -8.0


_EIGHTHS = tuple(0.5 * step for step in range(8))
STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "pop": Style(
            tempo_bpm=(92, 116),
            scales=("major", "minor"),
            tone=instruments.piano,
            strums=((0, 2), (2, 2)),
            bass_beats=((0, 0), (1.5, 0), (2, 0), (3, 2)),
            kicks=(0, 2.5),
            snares=(1, 3),
            hats=_EIGHTHS,
        ),
        "ballad": Style(
            tempo_bpm=(64, 80),
            scales=("major", "minor"),
            tone=instruments.pad,
            strums=((0, 4),),
            bass_beats=((0, 0), (2, 2)),
            kicks=(0,),
            snares=(2,),
            drums_db=-14.0,
        ),
        "rock": Style(
            tempo_bpm=(112, 138),
            scales=("minor", "minor_pentatonic", "major"),
            tone=instruments.overdriven,
            strums=((0, 1.5), (1.5, 1), (2.5, 1.5)),
            bass_beats=tuple((beat, 0) for beat in _EIGHTHS),
            kicks=(0, 2, 2.5),
            snares=(1, 3),
            hats=_EIGHTHS,
            drums_db=-4.0,
        ),
        "folk": Style(
            tempo_bpm=(84, 112),
            scales=("major", "dorian", "pentatonic"),
            tone=instruments.pluck,
            strums=tuple((beat, 1.5) for beat in _EIGHTHS),
            arpeggio=True,
            bass_beats=((0, 0), (2, 2)),
        ),
        "jazz": Style(
            tempo_bpm=(88, 126),
            scales=("dorian", "major"),
            sevenths=True,
            tone=instruments.electric_piano,
            strums=((0.66, 1), (2, 0.6), (3.66, 0.34)),
            bass_beats=((0, 0), (1, 1), (2, 2), (3, 1)),
            hats=(0, 1, 1.66, 2, 3, 3.66),
            drums_db=-16.0,
        ),
        "dance": Style(
            tempo_bpm=(116, 128),
            scales=("minor", "dorian"),
            tone=instruments.synth,
            strums=((0.5, 0.5), (1.5, 0.5), (2.5, 0.5), (3.5, 0.5)),
            bass_beats=((0.5, 0), (1.5, 0), (2.5, 0), (3.5, 0)),
            kicks=(0, 1, 2, 3),
            snares=(1, 3),
            hats=(0.5, 1.5, 2.5, 3.5),
            drums_db=-5.0,
        ),
    }
)
"""The genres that can be played."""


def accompany(
    chords: tuple[Chord, ...], style: str, tempo_bpm: float, rng: Generator, sample_rate: int = SAMPLE_RATE
) -> Sound:
    """Play bass, chords and drums.

    Args:
        chords: One a bar, in order; at least one.
        style: A key of `STYLES`.
        tempo_bpm: Beats a minute; chords of `compose_chords` need the tempo that they were composed for.
        rng: Source of randomness: voicing, octave, balance and drum noise.
        sample_rate: Hz.

    Returns:
        Stereo sound, float32 (2, samples) that ends with the last chord, RMS -20 dBFS.

    Raises:
        InvalidInputError: STYLE_UNKNOWN; CHORDS_EMPTY.
    """
    if style not in STYLES:
        raise InvalidInputError("STYLE_UNKNOWN", f"style is {style!r}: choose one of {', '.join(STYLES)}")
    if not chords:
        raise InvalidInputError("CHORDS_EMPTY", "an accompaniment needs at least one chord")
    band = _Band(STYLES[style], 60.0 / tempo_bpm, sample_rate, rng)
    samples = round((chords[-1].start_s + chords[-1].duration_s) * sample_rate)
    total = np.zeros((2, samples + 8 * sample_rate))
    for chord in chords:
        bar = band.bar(chord)
        start = round(chord.start_s * sample_rate)
        total[:, start : start + bar.shape[1]] += bar
    total = total[:, :samples]
    rms = float(np.sqrt(np.mean(total**2)))
    total *= 10.0 ** (BACKING_DBFS / 20.0) / max(rms, 1e-9)
    return Sound((total * min(1.0, 0.98 / float(np.abs(total).max()))).astype(np.float32), sample_rate)


class _Band:
    """The players of one song: they keep their voicing, and play a chord the same way every time."""

    def __init__(self, style: Style, beat_s: float, sample_rate: int, rng: Generator) -> None:
        self.style, self.beat_s, self.sample_rate = style, beat_s, sample_rate
        self.lowest = int(rng.integers(50, 57))
        self.chord_pan, self.hat_pan = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.5, 0.5))
        self.bass_gain, self.drums_gain = (10.0 ** (db / 20.0) for db in rng.normal((-3.0, style.drums_db), 1.5))
        self.drums = self._drum_bar(rng)
        self.played: dict[tuple[int, ...], Floats] = {}
        self.tones: dict[tuple[int, float], Floats] = {}

    def bar(self, chord: Chord) -> Floats:
        """Play one bar, shape (2, samples), with the tails of its last notes."""
        if chord.pitch_classes not in self.played:
            mono = self._chords(chord.pitch_classes)
            stereo = _panned(mono, self.chord_pan) + _panned(self._bass(chord.pitch_classes), 0.0)
            self.played[chord.pitch_classes] = stereo + self.drums
        return self.played[chord.pitch_classes]

    def _silence(self) -> Floats:
        return np.zeros(round((4.0 * self.beat_s + 1.5) * self.sample_rate))

    def _place(self, bar: Floats, beat: float, tone: Floats) -> None:
        start = round(beat * self.beat_s * self.sample_rate)
        tone = tone[: len(bar) - start]
        bar[start : start + len(tone)] += tone

    def _chords(self, pitch_classes: tuple[int, ...]) -> Floats:
        voicing = sorted(self.lowest + (pitch_class - self.lowest) % 12 for pitch_class in pitch_classes)
        bar = self._silence()
        for index, (beat, length) in enumerate(self.style.strums):
            pitches = [voicing[(0, 1, 2, 1)[index % 4]]] if self.style.arpeggio else voicing
            for pitch in pitches:
                self._place(bar, beat, self._tone(pitch, length))
        return bar

    def _tone(self, pitch: int, length: float) -> Floats:
        if (pitch, length) not in self.tones:
            self.tones[pitch, length] = self.style.tone(pitch, length * self.beat_s, self.sample_rate)
        return self.tones[pitch, length]

    def _bass(self, pitch_classes: tuple[int, ...]) -> Floats:
        bar = self._silence()
        for (beat, which), (following, _) in zip(
            self.style.bass_beats, (*self.style.bass_beats[1:], (4.0, 0)), strict=True
        ):
            pitch = 31 + (pitch_classes[which] - 31) % 12
            self._place(bar, beat, instruments.bass(pitch, (following - beat) * self.beat_s, self.sample_rate))
        return np.asarray(bar * (2.0 * self.bass_gain))

    def _drum_bar(self, rng: Generator) -> Floats:
        middle, side = self._silence(), self._silence()
        hits = (
            (middle, self.style.kicks, 1.6 * instruments.kick(self.sample_rate)),
            (middle, self.style.snares, instruments.snare(self.sample_rate, rng)),
            (side, self.style.hats, 0.6 * instruments.hat(self.sample_rate, rng)),
        )
        for bar, beats, hit in hits:
            for beat in beats:
                self._place(bar, beat, hit)
        return np.asarray((_panned(middle, 0.0) + _panned(side, self.hat_pan)) * (3.0 * self.drums_gain))


def _panned(mono: Floats, pan: float) -> Floats:
    """Place a sound between left, -1, and right, 1, with equal power."""
    angle = (pan + 1.0) * np.pi / 4.0
    return np.stack([mono * np.cos(angle), mono * np.sin(angle)])
