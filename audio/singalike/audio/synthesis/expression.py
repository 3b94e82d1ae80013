"""How a singer performs a melody: pitch, loudness, effort and formants over time.

Everything here is at the frame rate of the synthesis, a few milliseconds a frame.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.pitch import midi_to_hz
from singalike.audio.synthesis.consonants import CONSONANT_S, MURMURS
from singalike.audio.synthesis.melody import Melody, Note
from singalike.audio.synthesis.tract import formants_hz
from singalike.audio.synthesis.voice import SingerVoice

Floats = NDArray[np.float64]

PHRASE_GAP_S = 0.12
"""A longer rest ends a phrase: the singer breathes."""
_VIBRATO_RISE_S = 0.25
_RELEASE_S = 0.07
_SCOOP_S = 0.07
_COARTICULATION_S = 0.07
_MURMUR_GAIN = 0.4


@dataclass(frozen=True, eq=False)
class Performance:
    """A melody as one singer performs it; all arrays have shape (frames,) but `formants_hz` (frames, formants).

    Attributes:
        f0_hz: Fundamental frequency, also where nothing is sung.
        voice_gain: Gain of the glottal pulses, 0 where unvoiced.
        breath_gain: Gain of the aspiration noise.
        effort: From -1, soft, to 1, loud.
        formants_hz: Formant frequencies.
    """

    f0_hz: Floats
    voice_gain: Floats
    breath_gain: Floats
    effort: Floats
    formants_hz: Floats


def perform(voice: SingerVoice, melody: Melody, times_s: Floats, highest_hz: float, rng: Generator) -> Performance:
    """Turn notes into curves.

    Args:
        voice: Who sings.
        melody: What; at least one note.
        times_s: Centres of the frames, shape (frames,), evenly spaced.
        highest_hz: Formants above it are left out.
        rng: Source of randomness. The draws do not depend on the pitches: a transposed melody is sung alike.
    """
    pitch_rng, effort_rng = rng.spawn(2)
    effort = _effort(melody, times_s, effort_rng)
    f0_hz = midi_to_hz(_pitch(voice, melody, times_s, pitch_rng))
    shape, breath_shape = _envelopes(voice, melody, times_s)
    level = 10.0 ** (0.5 * voice.dynamics_db * effort / 20.0)
    formants = _formants(voice, melody, times_s, highest_hz)
    # High notes open the mouth: F1 is kept above f0, or the voice would all but vanish (Sundberg 1975).
    formants[:, 0] = np.maximum(formants[:, 0], 1.05 * f0_hz)
    formants[:, 1] = np.maximum(formants[:, 1], formants[:, 0] + 200.0)
    return Performance(f0_hz, shape * level, breath_shape * level, effort, formants)


def smooth(curve: Floats, width_s: float, hop_s: float) -> Floats:
    """Smooth along the first axis with a Hann window of `width_s`, holding the ends."""
    length = 2 * round(0.5 * width_s / hop_s) + 1
    if length < 3:
        return curve
    kernel = np.hanning(length + 2)[1:-1]
    kernel /= kernel.sum()
    padded = np.pad(curve, [(length // 2, length // 2)] + [(0, 0)] * (curve.ndim - 1), mode="edge")
    if curve.ndim == 1:
        return np.asarray(np.convolve(padded, kernel, mode="valid"))
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)


def phrase_starts(melody: Melody) -> list[int]:
    """Return the indices of the notes before which the singer breathes."""
    notes = melody.notes
    return [
        index
        for index in range(len(notes))
        if index == 0 or notes[index].start_s - notes[index - 1].end_s > PHRASE_GAP_S
    ]


def _hop_s(times_s: Floats) -> float:
    return float(times_s[1] - times_s[0])


def _hold(melody: Melody, times_s: Floats, values: Floats) -> Floats:
    """Give each frame the value of the note at it; half of a rest belongs to either neighbour."""
    starts = np.array([note.start_s for note in melody.notes])
    ends = np.array([note.end_s for note in melody.notes])
    borders = 0.5 * (ends[:-1] + starts[1:])
    return np.asarray(values[np.searchsorted(borders, times_s)])


def _pitch(voice: SingerVoice, melody: Melody, times_s: Floats, rng: Generator) -> Floats:
    hop_s = _hop_s(times_s)
    target = _hold(melody, times_s, np.array([note.midi_pitch for note in melody.notes]))
    pitch = smooth(target, 2.0 * voice.glide_s, hop_s)
    for index in phrase_starts(melody):
        since = times_s - melody.notes[index].start_s
        scoop = np.exp(-np.clip(since, 0.0, 1.0) / _SCOOP_S) * ((since > -0.2) & (since < 0.6))
        pitch = pitch - 0.01 * voice.scoop_cents * rng.uniform(0.3, 1.3) * scoop
    drift = smooth(rng.normal(size=len(times_s)), 0.6, hop_s)
    # The window averages many draws: bring the deviation of the result back to one.
    drift *= np.sqrt(0.6 / hop_s / 3.0)
    return np.asarray(pitch + 0.01 * voice.drift_cents * drift + _vibrato(voice, melody, times_s, rng))


def _vibrato(voice: SingerVoice, melody: Melody, times_s: Floats, rng: Generator) -> Floats:
    hop_s = _hop_s(times_s)
    wander = smooth(rng.normal(size=len(times_s)), 0.8, hop_s) * np.sqrt(0.8 / hop_s / 3.0)
    phase = 2.0 * np.pi * (np.cumsum(voice.vibrato_hz * (1.0 + 0.05 * wander)) * hop_s + rng.uniform())
    depth = np.zeros_like(times_s)
    for note in melody.notes:
        # Also a steady voice sways less on a short note.
        since = np.clip((times_s - note.start_s - voice.vibrato_delay_s) / _VIBRATO_RISE_S, 0.0, 1.0)
        depth += np.where((times_s >= note.start_s) & (times_s < note.end_s), since, 0.0)
    return np.asarray(0.01 * voice.vibrato_cents * smooth(depth, 0.06, hop_s) * np.sin(phase))


def _effort(melody: Melody, times_s: Floats, rng: Generator) -> Floats:
    starts = [*phrase_starts(melody), len(melody.notes)]
    per_note = np.zeros(len(melody.notes))
    for first, last in pairwise(starts):
        place = (np.arange(last - first) + 0.5) / (last - first)
        per_note[first:last] = 1.5 * np.sin(np.pi * np.minimum(0.15 + place, 1.0)) - 0.9 + rng.normal() * 0.2
    centred = np.array([note.midi_pitch for note in melody.notes])
    # Within a melody the higher notes are louder; how high the melody lies as a whole does not matter here.
    per_note += 0.06 * (centred - centred.mean()) + rng.normal(size=len(per_note)) * 0.1
    return np.clip(smooth(_hold(melody, times_s, per_note), 0.18, _hop_s(times_s)), -1.0, 1.0)


def _envelopes(voice: SingerVoice, melody: Melody, times_s: Floats) -> tuple[Floats, Floats]:
    gain, breath = np.zeros_like(times_s), np.zeros_like(times_s)
    breathes = set(phrase_starts(melody))
    for index, note in enumerate(melody.notes):
        rise_s = voice.attack_s if index in breathes else 0.02
        rise = np.clip((times_s - note.start_s) / rise_s + 0.2, 0.0, 1.0)
        fall = np.clip((note.end_s - times_s) / _RELEASE_S, 0.35, 1.0)
        sounding = (times_s >= note.start_s) & (times_s < note.end_s)
        before = (times_s >= note.start_s - consonant_s(melody, index)) & (times_s < note.start_s)
        gain[sounding] = (rise * fall)[sounding]
        gain[before] = _MURMUR_GAIN if note.consonant in MURMURS else 0.0
        breath[sounding | before] = gain[sounding | before]
        if note.consonant == "h":
            breath[before] = 1.0
    return smooth(gain, 0.025, _hop_s(times_s)), smooth(breath, 0.03, _hop_s(times_s))


def consonant_s(melody: Melody, index: int) -> float:
    """Return how long the consonant of a note takes: no more than the note before it can spare."""
    note: Note = melody.notes[index]
    earliest_s = 0.0 if index == 0 else melody.notes[index - 1].start_s
    return min(CONSONANT_S.get(note.consonant, 0.0), 0.4 * (note.start_s - earliest_s))


def _formants(voice: SingerVoice, melody: Melody, times_s: Floats, highest_hz: float) -> Floats:
    sounds = sorted({note.vowel for note in melody.notes} | {note.consonant for note in melody.notes} & set(MURMURS))
    table = np.stack([formants_hz(voice, sound, highest_hz) for sound in sounds])
    rows = _hold(melody, times_s, np.array([sounds.index(note.vowel) for note in melody.notes], dtype=np.float64))
    which = rows.astype(np.int64)
    for index, note in enumerate(melody.notes):
        if note.consonant in MURMURS:
            before = (times_s >= note.start_s - consonant_s(melody, index)) & (times_s < note.start_s)
            which[before] = sounds.index(note.consonant)
    return smooth(table[which], _COARTICULATION_S, _hop_s(times_s))
