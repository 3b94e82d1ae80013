"""How good a conversion is, in figures, all computed from sounds alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.world_retrieval.analysis import over_floor

Floats = NDArray[np.float64]

RATE = 24_000
HOP_MS = 5.0
LOWEST_HZ, HIGHEST_HZ = 65.0, 1_050.0
COEFFICIENTS = 25
CONTENT_COEFFICIENTS = 12
GROSS_ERROR = 0.2
"""A pitch that is off by more than a fifth is a gross error (Rabiner et al. 1976)."""

QUIET_DB = 40.0
_DB_A_NEPER = 10.0 / np.log(10.0) * np.sqrt(2.0)


@dataclass(frozen=True, eq=False)
class Heard:
    """What the metrics hear in one voice, a row every 5 ms.

    Attributes:
        f0_hz: float64 (frames,), zero where unvoiced, NaN where the judge cannot tell.
        cepstra: float64 (frames, 25), mel-cepstra of the log amplitude envelope, c0 first.
        sounding: bool (frames,), rows within 40 dB of the loud ones.
    """

    f0_hz: Floats
    cepstra: Floats
    sounding: NDArray[np.bool_]

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Whether each row is voiced."""
        return np.asarray(self.f0_hz > 0)

    @property
    def told(self) -> NDArray[np.bool_]:
        """Whether the judge could tell the pitch of each row, or that it has none."""
        return np.asarray(~np.isnan(self.f0_hz))

    def cut(self, frames: int) -> "Heard":
        """Return the first rows."""
        return Heard(self.f0_hz[:frames], self.cepstra[:frames], self.sounding[:frames])


def track_with_harvest(sound: Sound) -> Floats:
    """Track the pitch with Harvest, which no engine here uses itself.

    Args:
        sound: Mono at 24 000 Hz.

    Returns:
        float64 (frames,), one value every 5 ms in Hz, zero where unvoiced.

    Source:
        Morise 2017, https://doi.org/10.21437/Interspeech.2017-68.
    """
    waveform = np.ascontiguousarray(sound.waveform[0], dtype=np.float64)
    return np.asarray(pyworld.harvest(waveform, RATE, LOWEST_HZ, HIGHEST_HZ, HOP_MS)[0])


def hear(sound: Sound, track: Callable[[Sound], Floats] = track_with_harvest) -> Heard:
    """Analyse a voice.

    Args:
        sound: One voice alone, any rate and channels.
        track: What judges the pitch, as `track_with_harvest` does.

    Source:
        Morise 2015, CheapTrick, https://doi.org/10.1016/j.specom.2014.09.003.
    """
    mono = resample(sound.mono(), RATE)
    f0_hz, waveform = track(mono), np.ascontiguousarray(mono.waveform[0], dtype=np.float64)
    times_s = np.arange(len(f0_hz)) * (HOP_MS / 1000.0)
    envelope = pyworld.cheaptrick(waveform, np.nan_to_num(f0_hz), times_s, RATE)
    level = 10.0 * np.log10(envelope.mean(axis=1) + 1e-20)
    # WORLD scales its cosines by the square root of 2, and half of the logarithm of power is that of amplitude.
    cepstra = pyworld.code_spectral_envelope(over_floor(envelope), RATE, COEFFICIENTS) / np.sqrt(2.0)
    return Heard(f0_hz, cepstra, level > np.percentile(level, 95) - QUIET_DB)


@dataclass(frozen=True)
class PitchFigures:
    """How well a melody was kept, over the rows in which the source sounds and the judge could tell both pitches.

    Attributes:
        correlation: Pearson's, of log f0 over rows that are voiced in both, in [-1, 1].
        rmse_cents: Root mean square error over the same rows without gross errors, in cents.
        gross_error: Share of the same rows that are off by more than 20 %.
        voicing_error: Share of rows that are voiced in one and unvoiced in the other.
        left_out: Share of the rows in which the source sounds that the judge could not tell.
    """

    correlation: float
    rmse_cents: float
    gross_error: float
    voicing_error: float
    left_out: float


def compare_pitch(source: Heard, converted: Heard, key_shift: float = 0.0) -> PitchFigures:
    """Compare the melody that was sung with the one that was to be sung.

    Args:
        source: The singing that was converted.
        converted: What came out, frame by frame the same moments.
        key_shift: Semitones that the source was to be moved by.

    Returns:
        Figures; NaN for those that have no rows.
    """
    frames = min(len(source.f0_hz), len(converted.f0_hz))
    first, second = source.cut(frames), converted.cut(frames)
    told = first.sounding & first.told & second.told
    both = first.voiced & second.voiced & told
    voicing_error = float((first.voiced != second.voiced)[told].mean()) if told.any() else float("nan")
    left_out = float(1.0 - told.sum() / first.sounding.sum()) if first.sounding.any() else float("nan")
    if both.sum() < 2:
        return PitchFigures(float("nan"), float("nan"), float("nan"), voicing_error, left_out)
    wanted = np.log2(first.f0_hz[both]) + key_shift / 12.0
    sung = np.log2(second.f0_hz[both])
    gross = np.abs(np.exp2(sung - wanted) - 1.0) > GROSS_ERROR
    fine = 1200.0 * (sung - wanted)[~gross]
    return PitchFigures(
        correlation=_correlation(wanted, sung),
        rmse_cents=float(np.sqrt(np.square(fine).mean())) if len(fine) else float("nan"),
        gross_error=float(gross.mean()),
        voicing_error=voicing_error,
        left_out=left_out,
    )


def content_kept(source: Heard, converted: Heard) -> float:
    """Say how much of what is sung survives, whoever sings it.

    c1 to c12 of either voice are brought to mean zero and deviation one over its own sounding rows; the correlation
    over the moments is averaged over the coefficients.

    Args:
        source: The singing that was converted.
        converted: What came out, frame by frame the same moments.

    Returns:
        In [-1, 1]: 1 for the source itself, 0 for something unrelated; NaN where nothing sounds in both.
    """
    frames = min(len(source.f0_hz), len(converted.f0_hz))
    first, second = source.cut(frames), converted.cut(frames)
    rows = first.sounding & second.sounding
    if rows.sum() < 2:
        return float("nan")
    columns = range(1, CONTENT_COEFFICIENTS + 1)
    return float(np.mean([_correlation(first.cepstra[rows, c], second.cepstra[rows, c]) for c in columns]))


def mel_cepstral_distortion(reference: Heard, converted: Heard) -> float:
    """Measure how far envelopes lie apart, in dB, over the moments at which both sound.

    Args:
        reference: What was to come out, frame by frame the same moments; align another rendition first.
        converted: What came out.

    Returns:
        Mean of (10 / ln 10) sqrt(2 sum of squared differences of c1 to c24); NaN where nothing sounds in both.

    Source:
        Kubichek 1993, "Mel-cepstral distance measure for objective speech quality assessment".
    """
    frames = min(len(reference.f0_hz), len(converted.f0_hz))
    first, second = reference.cut(frames), converted.cut(frames)
    rows = first.sounding & second.sounding
    if not rows.any():
        return float("nan")
    difference = first.cepstra[rows, 1:] - second.cepstra[rows, 1:]
    return float((_DB_A_NEPER * np.sqrt(np.square(difference).sum(axis=1))).mean())


@dataclass(frozen=True)
class Similarities:
    """Cosines that say how far a conversion went.

    Attributes:
        source_target: Between the source and a take of the target: the start.
        converted_target: Between the conversion and that take.
        other_take_target: Between another take of the target and that take: the end.
    """

    source_target: float
    converted_target: float
    other_take_target: float

    @property
    def moved(self) -> float:
        """How much nearer the conversion is than the source."""
        return self.converted_target - self.source_target

    @property
    def way(self) -> float:
        """How much nearer another take of the target is than the source."""
        return self.other_take_target - self.source_target

    @property
    def position(self) -> float:
        """Share of the way from source to target: 0 is the source, 1 as near as another take of the target."""
        return self.moved / self.way


def mean_position(pairs: list[Similarities]) -> float:
    """Average the positions of pairs as sum of moves / sum of ways.

    Two voices that are alike have a short way, and a position that says little and may be huge: they weigh little here.
    """
    return float(sum(pair.moved for pair in pairs) / sum(pair.way for pair in pairs))


def real_time_factor(spent_s: float, sound: Sound) -> float:
    """Seconds of work for a second of sound."""
    return spent_s / sound.duration_s


def _correlation(first: Floats, second: Floats) -> float:
    """Pearson's correlation; 1 where both stand still alike, 0 where one alone does."""
    one, other = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    if scale < 1e-12:
        return float(np.allclose(one, other))
    return float((one * other).sum() / scale)
