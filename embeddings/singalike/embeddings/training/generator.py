"""Few real voices made into many singers.

WORLD takes a recorded voice apart into pitch, spectral envelope and aperiodicity. Another vocal tract is the same
envelope on a warped frequency axis, so every voice and warp counts as a new singer; a melody laid over the voiced
stretches, stretched to notes, makes the speech of an open corpus into singing.

Source:
    Morise et al. 2016, WORLD, https://doi.org/10.1587/transinf.2015EDP7457.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyworld
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.pitch import hz_to_midi, midi_to_hz
from singalike.embeddings.training.clip_plan import FRAME_S, ClipPlan, plan_singing, plan_speech
from singalike.embeddings.training.manners import Manner
from singalike.embeddings.training.melodies import Melody

SAMPLE_RATE = 16_000
WARPS = (0.84, 0.92, 1.0, 1.08, 1.17, 1.26)
"""Scales of the formants; each makes another singer out of one voice."""

LEVEL = 0.05
"""Root mean square of every generated clip, near -23 LUFS."""

_RING_HZ, _RING_OCTAVES = 2_900.0, 0.22
_BEND_HZ = 1_800.0


@dataclass(frozen=True, eq=False)
class VoiceAnalysis:
    """A recorded voice, taken apart.

    Attributes:
        f0_hz: float64 (frames,), zero where unvoiced.
        log_envelope: float32 (frames, bins), natural logarithm of the power envelope.
        aperiodicity: float32 (frames, bins) in [0, 1].
    """

    f0_hz: NDArray[np.float64]
    log_envelope: NDArray[np.float32]
    aperiodicity: NDArray[np.float32]

    @property
    def centre_midi(self) -> float:
        """Median voiced MIDI pitch."""
        return float(np.median(hz_to_midi(self.f0_hz[self.f0_hz > 0])))


@dataclass(frozen=True)
class PseudoSinger:
    """What stays the same in everything one invented singer sings.

    Attributes:
        warp: Formants are multiplied by this.
        low_warp: Further factor below about 1.8 kHz.
        high_warp: Further factor above it.
        tilt_db_per_octave: Slope of the voice above 500 Hz.
        breathiness: Exponent on the aperiodicity, see `Manner`.
        ring_db: Singer's formant, zero for half of the singers.
    """

    warp: float
    low_warp: float = 1.0
    high_warp: float = 1.0
    tilt_db_per_octave: float = 0.0
    breathiness: float = 1.0
    ring_db: float = 0.0


def invent_singer(warp: float, rng: Generator) -> PseudoSinger:
    """Draw the lasting traits of a singer with a given vocal-tract warp."""
    return PseudoSinger(
        warp=warp,
        low_warp=float(np.exp(rng.normal(0.0, 0.025))),
        high_warp=float(np.exp(rng.normal(0.0, 0.035))),
        tilt_db_per_octave=float(rng.normal(0.0, 1.2)),
        breathiness=float(np.exp(rng.normal(0.0, 0.15))),
        ring_db=float(rng.uniform(0.0, 8.0)) if rng.random() < 0.5 else 0.0,
    )


def articulate(singer: PseudoSinger, rng: Generator) -> PseudoSinger:
    """Let a singer hold lips and larynx a little otherwise for one clip, about 2 per cent of the formants.

    A smile, rounded lips or a lowered larynx move all formants of a person more than `render` itself does.
    """
    common = rng.normal(0.0, 0.018)
    low, high = np.exp(common + rng.normal(0.0, 0.015)), np.exp(common + rng.normal(0.0, 0.012))
    return replace(singer, low_warp=float(singer.low_warp * low), high_warp=float(singer.high_warp * high))


def analyse_voice(waveform: NDArray[np.floating]) -> VoiceAnalysis:
    """Take a voice apart with WORLD.

    Args:
        waveform: (samples,) mono at 16 000 Hz.
    """
    sound = np.ascontiguousarray(waveform, dtype=np.float64)
    # Harvest, because DIO loses the voice in much of the open speech that we have.
    f0_hz, times_s = pyworld.harvest(sound, SAMPLE_RATE, f0_floor=65.0, f0_ceil=500.0, frame_period=FRAME_S * 1000)
    envelope = pyworld.cheaptrick(sound, f0_hz, times_s, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(sound, f0_hz, times_s, SAMPLE_RATE)
    return VoiceAnalysis(f0_hz, np.log(envelope + 1e-16).astype(np.float32), aperiodicity.astype(np.float32))


def sing(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    melody: Melody,
    rng: Generator,
    duration_s: float = 3.6,
) -> NDArray[np.float32]:
    """Let an invented singer sing a melody on the syllables of a recorded voice.

    Args:
        voice: The recorded voice.
        singer: The traits that make another person of it.
        manner: The way of singing.
        melody: Notes; transposed to lie -1 to +12 semitones around the centre of the voice.
        rng: Source of all chance.
        duration_s: Length of the clip in seconds.

    Returns:
        float32 (samples,) at 16 000 Hz, root mean square `LEVEL`.
    """
    plan = plan_singing(voice.f0_hz, voice.centre_midi, manner, melody, rng, duration_s)
    return render(voice, singer, manner, plan, rng)


def speak(
    voice: VoiceAnalysis, singer: PseudoSinger, manner: Manner, rng: Generator, duration_s: float = 3.6
) -> NDArray[np.float32]:
    """Let an invented singer speak; arguments and result as in `sing`."""
    return render(voice, singer, manner, plan_speech(voice.f0_hz, rng, duration_s), rng)


def render(
    voice: VoiceAnalysis,
    singer: PseudoSinger,
    manner: Manner,
    plan: ClipPlan,
    rng: Generator,
    colour_db: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Synthesise a plan: float32 (samples,) at 16 000 Hz, root mean square `LEVEL`.

    Args:
        voice: The recorded voice.
        singer: The traits that make another person of it.
        manner: The way of singing.
        plan: What sounds when.
        rng: Source of all chance.
        colour_db: Further gain (frames, bins) that follows the plan from moment to moment.
    """
    bins = voice.log_envelope.shape[1]
    hz = np.linspace(0.0, SAMPLE_RATE / 2, bins)
    jitter = float(np.exp(rng.normal(0.0, 0.012)))
    source_bin = _source_bins(hz, singer, jitter)
    envelope = _at(voice.log_envelope, plan.position, source_bin)
    envelope += _colour(hz, singer, manner) + (plan.level_db * (np.log(10.0) / 10.0))[:, None]
    if colour_db is not None:
        envelope += colour_db * np.float32(np.log(10.0) / 10.0)
    aperiodicity = _at(voice.aperiodicity, plan.position, source_bin)
    aperiodicity = np.clip(aperiodicity, 1e-3, 1.0) ** (singer.breathiness * manner.breathiness)
    f0_hz = np.where(np.isfinite(plan.midi_pitch), midi_to_hz(plan.midi_pitch), 0.0)
    waveform = pyworld.synthesize(
        f0_hz,
        np.ascontiguousarray(np.exp(envelope), dtype=np.float64),
        np.ascontiguousarray(np.clip(aperiodicity, 1e-3, 1.0), dtype=np.float64),
        SAMPLE_RATE,
        FRAME_S * 1000,
    )
    return at_level(waveform)


def at_level(waveform: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring a waveform (samples,) to the root mean square `LEVEL`; silence stays silent."""
    return np.asarray(waveform * (LEVEL / (np.sqrt(np.mean(waveform**2)) + 1e-9)), dtype=np.float32)


def _source_bins(hz: NDArray[np.float64], singer: PseudoSinger, jitter: float) -> NDArray[np.float64]:
    """Where in the recorded envelope each bin of the new one comes from; continuous at the bend."""
    low, high = singer.warp * singer.low_warp * jitter, singer.warp * singer.high_warp * jitter
    bend = _BEND_HZ * low
    source_hz = np.where(hz < bend, hz / low, _BEND_HZ + (hz - bend) / high)
    return np.asarray(np.clip(source_hz / hz[1], 0.0, len(hz) - 1.0), dtype=np.float64)


def _colour(hz: NDArray[np.float64], singer: PseudoSinger, manner: Manner) -> NDArray[np.float64]:
    """Tilt above 500 Hz and the singer's formant, as natural log power per bin."""
    octaves = np.log2(np.maximum(hz, 500.0) / 500.0)
    ring = np.exp(-0.5 * (np.log2(np.maximum(hz, 1.0) / _RING_HZ) / _RING_OCTAVES) ** 2)
    decibels = (singer.tilt_db_per_octave + manner.tilt_db_per_octave) * octaves
    decibels += (singer.ring_db + manner.ring_db) * ring
    return np.asarray(decibels * (np.log(10.0) / 10.0), dtype=np.float64)


def _at(
    frames: NDArray[np.float32], position: NDArray[np.float64], source_bin: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Read (frames, bins) at fractional frames and bins, linearly."""
    row = np.clip(position, 0.0, len(frames) - 1.001)
    first = row.astype(np.int64)
    part = (row - first)[:, None].astype(np.float32)
    rows = frames[first] * (1 - part) + frames[np.minimum(first + 1, len(frames) - 1)] * part
    left = np.minimum(source_bin.astype(np.int64), frames.shape[1] - 2)
    share = (source_bin - left).astype(np.float32)
    return np.asarray(rows[:, left] * (1 - share) + rows[:, left + 1] * share)
