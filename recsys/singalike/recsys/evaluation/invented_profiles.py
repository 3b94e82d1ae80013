"""Hidden numbers of invented voices, and the profiles that an ear would make of their recordings."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import norm

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import MIDI_PITCHES, Segments, Vectors, VocalRange, VoiceProfile
from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import tessitura_of

VOICE_DIM, STYLE_DIM, MELODY_DIM = 24, 12, 16
EAR = "invented"

VOICE_NOISE, STYLE_NOISE, MELODY_NOISE = 1.0, 1.4, 0.8
"""What a recording adds to the hidden vectors, whose own deviation is 1: a timbre that is wrong in about one pair of
eight, as real ears are, and a style that is wrong much more often."""

SEGMENTS, SEGMENT_NOISE = 6, 0.8
FEMALE_CENTRE_MIDI, MALE_CENTRE_MIDI, CENTRE_SPREAD = 66.0, 56.5, 2.5
TRACK_S, NOTE_S = 120.0, 0.5
CHORUS_SHARE = 0.4
MAJOR = (0, 2, 4, 5, 7, 9, 11)
FOREIGN_NOTES = 0.1
"""How often a note outside the scale is sung, against the same note inside it."""

TESSITURA_SHARE = 1.2816
"""Deviations between the middle and the 90th percentile of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """What is true of voices (of singers, tracks or listeners), one row each.

    Attributes:
        female: bool (rows,).
        voice: float64 (rows, VOICE_DIM), vocal tract.
        style: float64 (rows, STYLE_DIM), way of singing.
        melody: float64 (rows, MELODY_DIM), what is sung.
        taste: float64 (rows, taste_dim), what no ear hears: listeners like tracks whose numbers point their way.
        centre_midi: float64 (rows,), mean of the sung pitch.
        deviation: float64 (rows,), of the sung pitch in semitones, within a verse or a chorus.
        chorus: float64 (rows,), semitones by which the chorus of a track lies above its verses; 0 for people.
        tonic: intp (rows,), pitch class of the major scale that a track is in; -1 for people, who sing any note.
        appeal: float64 (rows,), what everybody likes.
    """

    female: NDArray[np.bool_]
    voice: Similarities
    style: Similarities
    melody: Similarities
    taste: Similarities
    centre_midi: Similarities
    deviation: Similarities
    chorus: Similarities
    tonic: NDArray[np.intp]
    appeal: Similarities

    def __len__(self) -> int:
        return len(self.female)

    def rows(self, rows: slice) -> "Hidden":
        """Return some of the rows."""
        return Hidden(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def tessitura_midi(self) -> Similarities:
        """10th and 90th percentile of the pitch that people sing, float64 (rows, 2)."""
        reach = TESSITURA_SHARE * self.deviation
        return np.stack([self.centre_midi - reach, self.centre_midi + reach], axis=1)


def draw_singers(count: int, taste: Similarities, random: Generator) -> Hidden:
    """Draw voices, half of them women; a woman's voice lies apart from a man's in one direction."""
    female = random.permutation(np.arange(count) % 2 == 0)
    voice = random.standard_normal((count, VOICE_DIM))
    voice[:, 0] += np.where(female, 1.5, -1.5)
    centre = np.where(female, FEMALE_CENTRE_MIDI, MALE_CENTRE_MIDI) + CENTRE_SPREAD * random.standard_normal(count)
    return Hidden(
        female,
        voice,
        random.standard_normal((count, STYLE_DIM)),
        random.standard_normal((count, MELODY_DIM)),
        taste + 0.7 * random.standard_normal(taste.shape),
        centre,
        random.uniform(2.5, 4.5, count),
        np.zeros(count),
        np.full(count, -1),
        random.standard_normal(count),
    )


def repeat_with_change(singers: Hidden, rows: NDArray[np.intp], random: Generator) -> Hidden:
    """Draw tracks: a singer's voice and style stay; melody, taste, key and appeal change from song to song."""
    count = len(rows)

    def changed(numbers: Similarities, share: float) -> Similarities:
        own = random.standard_normal(numbers[rows].shape)
        return np.asarray(np.sqrt(1 - share) * numbers[rows] + np.sqrt(share) * own)

    return Hidden(
        singers.female[rows],
        singers.voice[rows],
        singers.style[rows],
        changed(singers.melody, 0.7),
        changed(singers.taste, 0.4),
        singers.centre_midi[rows] + 2.0 * random.standard_normal(count),
        random.uniform(1.5, 3.5, count),
        random.uniform(0.0, 8.0, count),
        random.integers(0, 12, count),
        changed(singers.appeal, 0.5),
    )


def draw_strangers(singers: Hidden, taste: Similarities, random: Generator) -> Hidden:
    """Draw listeners: half of a voice is that of a singer by chance, the other half is nobody's."""
    count = len(taste)
    drawn = draw_singers(count, taste, random)
    near = random.integers(0, len(singers), count)

    def half(own: Similarities, other: Similarities) -> Similarities:
        return np.asarray(np.sqrt(0.5) * (own + other[near]))

    same = singers.female[near] == drawn.female
    voice = np.where(same[:, None], half(drawn.voice, singers.voice), drawn.voice)
    return Hidden(
        drawn.female, voice, half(drawn.style, singers.style), drawn.melody, drawn.taste, drawn.centre_midi,
        drawn.deviation, drawn.chorus, drawn.tonic, drawn.appeal,
    )  # fmt: skip


def true_seconds(tracks: Hidden) -> Similarities:
    """Return the seconds at each MIDI pitch that tracks of two minutes hold, float64 (rows, 128)."""
    return TRACK_S * pitch_shares(tracks, np.arange(len(tracks)))


def pitch_shares(hidden: Hidden, rows: NDArray[np.intp]) -> Similarities:
    """Say how much of the singing of some rows lies at each MIDI pitch: two normal distributions, verse and chorus.

    Returns:
        float64 (rows, 128), each row summing to 1. Notes outside a track's scale are rare.
    """
    edges = np.arange(MIDI_PITCHES + 1) - 0.5
    verse = hidden.centre_midi[rows] - CHORUS_SHARE * hidden.chorus[rows]
    shares = np.zeros((len(rows), MIDI_PITCHES))
    for part, centre in ((1 - CHORUS_SHARE, verse), (CHORUS_SHARE, verse + hidden.chorus[rows])):
        filled = norm.cdf((edges - centre[:, None]) / hidden.deviation[rows][:, None])
        shares += part * np.diff(filled, axis=1)
    tonic = hidden.tonic[rows][:, None]
    foreign = (tonic >= 0) & ~np.isin((np.arange(MIDI_PITCHES) - tonic) % 12, MAJOR)
    shares *= np.where(foreign, FOREIGN_NOTES, 1.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def cosines(left: Similarities, right: Similarities) -> Similarities:
    """Compare all rows with all rows."""
    return np.asarray(unit(left) @ unit(right).T)


def unit(rows: Similarities) -> Similarities:
    """Scale rows to length one."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def record(hidden: Hidden, row: int, seconds: float, random: Generator) -> VoiceProfile:
    """Make the profile that an ear would make of a recording.

    Args:
        hidden: Voices.
        row: Whose.
        seconds: Of voiced sound; a short recording shows little of the range.
        random: Of noise and of the notes that are sung.

    Returns:
        A profile with noisy vectors, six segments, and a histogram of sung notes.
    """
    timbre = hidden.voice[row] + VOICE_NOISE * random.standard_normal(VOICE_DIM)
    style = hidden.style[row] + STYLE_NOISE * random.standard_normal(STYLE_DIM)
    melody = hidden.melody[row] + MELODY_NOISE * random.standard_normal(MELODY_DIM)
    parts = [
        _unit32(whole + SEGMENT_NOISE * random.standard_normal((SEGMENTS, len(whole))))
        for whole in (timbre, style, melody)
    ]
    starts = np.linspace(0.0, seconds, SEGMENTS, endpoint=False)
    away = (1.0 if hidden.female[row] else -1.0) * 2.5 + 1.3 * random.standard_normal()
    return VoiceProfile(
        _unit32(timbre),
        _unit32(style),
        _unit32(melody),
        Segments(starts, starts + seconds / SEGMENTS, *parts),
        float(1.0 / (1.0 + np.exp(-away))),
        _sung_range(hidden, row, seconds, random),
        QualityReport(seconds, seconds, 40.0, 0.0, more_than_one_voice=False, advice=()),
        EAR,
    )


def _sung_range(hidden: Hidden, row: int, seconds: float, random: Generator) -> VocalRange:
    notes = max(2, round(seconds / NOTE_S))
    shares = pitch_shares(hidden, np.array([row]))[0]
    places = random.choice(MIDI_PITCHES, size=notes, p=shares)
    held = random.exponential(1.0, notes)
    histogram = np.bincount(places, held * seconds / held.sum(), minlength=MIDI_PITCHES).astype(np.float32)
    low, high = (float(end) for end in tessitura_of(histogram[None])[0])
    return VocalRange(float(places.min()), float(places.max()), (low, high), seconds, histogram)


def _unit32(rows: Similarities) -> Vectors:
    return unit(rows).astype(np.float32)
