"""Vocal effort: the one dimension along which a voice gets louder, higher, brighter and more open at once.

Somebody who sings with more effort is not another singer, though every one of these cues moves. Drawn as a single
number they move together, as they do in people; drawn one by one they teach an encoder about voices that nobody has.

Effort `e` is about N(0, 1): e = 0 is how the voice was recorded, +1 is some 5 dB more at the mouth. At 5 dB a step the
slopes found in people, 5 Hz of f0 and 3.5 Hz of the first formant for each dB, are about 2 semitones and 3 per cent.

Source:
    Liénard and Di Benedetto 1999, Effect of vocal effort on spectral properties of vowels,
    https://doi.org/10.1121/1.428140; Traunmüller and Eriksson 2000, Acoustic effects of variation in vocal effort by
    men, women and children, https://doi.org/10.1121/1.429414 (longer vowels, flatter spectrum).
"""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.clip_plan import ClipPlan, plan_singing, plan_speech
from singalike.embeddings.training.generator import SAMPLE_RATE, PseudoSinger, VoiceAnalysis, render
from singalike.embeddings.training.manners import Manner
from singalike.embeddings.training.melodies import Melody

FARTHEST = 2.5
"""Deviations at which a drawn effort stops: a scream is another voice."""

LEVEL_DB, SEMITONES, TILT_DB_PER_OCTAVE = 5.0, 2.0, 1.3
LOG_FIRST_FORMANT, LOG_CLEARNESS, LOG_NOTE = 0.03, 0.1, 0.08

LOWEST_MIDI, HIGHEST_MIDI = 36.0, 81.0
_OPEN_UP_TO_HZ, _CLOSED_FROM_HZ = 800.0, 1_600.0
_STEADY_TILT = 0.6


def draw_effort(rng: Generator) -> float:
    """Draw an effort from a standard normal distribution that is cut at `FARTHEST`."""
    return float(np.clip(rng.normal(), -FARTHEST, FARTHEST))


def with_effort(manner: Manner, effort: float) -> Manner:
    """Sing in the same manner with more effort: a flatter spectrum, less breath, longer notes.

    Args:
        manner: How it is sung at effort 0.
        effort: In deviations.
    """
    return replace(
        manner,
        tilt_db_per_octave=manner.tilt_db_per_octave + TILT_DB_PER_OCTAVE * effort,
        breathiness=float(manner.breathiness * np.exp(LOG_CLEARNESS * effort)),
        note_scale=float(manner.note_scale * np.exp(LOG_NOTE * effort)),
    )


def formant_scale(hz: NDArray[np.float64], effort: float) -> NDArray[np.float64]:
    """Return the factor by which effort moves what lies at each frequency of the envelope.

    Args:
        hz: float64 (bins,), from zero up.
        effort: In deviations.

    Returns:
        float64 (bins,): exp(.03 effort) up to 800 Hz, where the first formant is, fading to 1 at 1600 Hz.
    """
    open_share = np.interp(hz, [_OPEN_UP_TO_HZ, _CLOSED_FROM_HZ], [1.0, 0.0])
    return np.asarray(np.exp(LOG_FIRST_FORMANT * effort * open_share))


def open_jaw(voice: VoiceAnalysis, effort: float) -> VoiceAnalysis:
    """Move the first-formant region of a voice as effort does; upper formants, pitch and breath stay.

    Args:
        voice: The recorded voice.
        effort: In deviations.
    """
    bins = voice.log_envelope.shape[1]
    hz = np.linspace(0.0, SAMPLE_RATE / 2, bins)
    # The moved axis stays in order: over one octave the factor falls by far less than the frequency doubles.
    source_bin = np.interp(hz, hz * formant_scale(hz, effort), np.arange(bins, dtype=np.float64))
    left = np.minimum(source_bin.astype(np.int64), bins - 2)
    share = (source_bin - left).astype(np.float32)
    moved = voice.log_envelope[:, left] * (1 - share) + voice.log_envelope[:, left + 1] * share
    return replace(voice, log_envelope=moved)


def exert(plan: ClipPlan, effort: float) -> ClipPlan:
    """Lift the pitch of a planned clip by 2 semitones and its level by 5 dB for each deviation of effort.

    `render` brings every clip to one level, so the level tells within a clip whose effort changes, and otherwise not.
    """
    midi_pitch = np.clip(plan.midi_pitch + SEMITONES * effort, LOWEST_MIDI, HIGHEST_MIDI)
    return ClipPlan(plan.position, midi_pitch, plan.level_db + LEVEL_DB * effort)


def sing_with_effort(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    melody: Melody,
    effort: float,
    rng: Generator,
    duration_s: float = 3.6,
) -> NDArray[np.float32]:
    """Let an invented singer sing with an effort; other arguments and result as in the generator's `sing`."""
    strained = with_effort(manner, effort)
    plan = plan_singing(voice.f0_hz, voice.centre_midi, strained, melody, rng, duration_s)
    return render(open_jaw(voice, effort), singer, strained, exert(plan, effort), rng)


def sing_steadily(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    melody: Melody,
    effort: float,
    rng: Generator,
    duration_s: float = 3.6,
) -> NDArray[np.float32]:
    """Sing with an effort that colours the voice and moves no note, as where the song says how high it is sung.

    Tilt is drawn narrower, so that with the tilt of effort it is as wide as the manner alone has it. Arguments and
    result as in `sing_with_effort`.
    """
    narrow = replace(manner, tilt_db_per_octave=_STEADY_TILT * manner.tilt_db_per_octave)
    strained = with_effort(narrow, effort)
    plan = plan_singing(voice.f0_hz, voice.centre_midi, strained, melody, rng, duration_s)
    return render(open_jaw(voice, effort), singer, strained, plan, rng)


def speak_with_effort(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    effort: float,
    rng: Generator,
    duration_s: float = 3.6,
) -> NDArray[np.float32]:
    """Let an invented singer speak with an effort; other arguments and result as in the generator's `speak`."""
    plan = exert(plan_speech(voice.f0_hz, rng, duration_s), effort)
    return render(open_jaw(voice, effort), singer, with_effort(manner, effort), plan, rng)
