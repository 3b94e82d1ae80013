"""REPET-SIM: what repeats in a song is accompaniment, what does not is the voice.

For every frame the most similar frames of the whole song are looked up; their median is the repeating background, and
the voice is what stands out over it. It needs no weights and no training. The settings are those that separate best in
`benchmarks/separation.py`; a weight for the middle of the stereo image was measured there as well and left out, for it
costs more than it brings.

Source: Rafii and Pardo 2012, "Music/voice separation using the similarity matrix", Proc. ISMIR, pages 583 to 588.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from singalike.audio.resample import resample
from singalike.audio.separation.stft import Stft
from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches

Magnitudes = NDArray[np.float32]
EPSILON = np.float32(1e-9)
BLOCK_FRAMES = 128


@dataclass(frozen=True)
class RepetSimConfig:
    """How REPET-SIM listens.

    Attributes:
        sample_rate: Rate of the analysis, in Hz; the vocals hold nothing above half of it.
        frame: Samples of a frame.
        neighbours: Similar frames that vote on the background.
        apart_s: Two of them are at least this far apart, in seconds.
        highpass_hz: Below this everything is background.
        exponent: Sharpness of the mask; 1 for magnitudes, 2 for powers.
    """

    sample_rate: int = 16_000
    frame: int = 2048
    neighbours: int = 50
    apart_s: float = 0.2
    highpass_hz: float = 100.0
    exponent: float = 1.0


class RepetSimSeparator:
    """Separate by repetition, which needs no weights.

    The similarity matrix is never held whole: beside the spectrogram, memory holds a few hundred of its rows.

    Args:
        config: How it listens.
    """

    name = "repet-sim"

    @property
    def version(self) -> str:
        """The algorithm's, with its settings."""
        return f"1 {self._config}"

    def __init__(self, config: RepetSimConfig | None = None) -> None:
        self._config = config or RepetSimConfig()
        self._stft = Stft(self._config.frame)

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the vocals of a song.

        Args:
            sound: One or two channels, any rate.
            watch: Sees how far the work is, and may stop it.

        Returns:
            The vocals at the same rate and length; both channels of stereo hold the same.
        """
        low = resample(sound.mono(), self._config.sample_rate)
        spectra = self._stft.analyse(low.waveform[0])
        vocals = self._stft.rebuild(spectra * self._mask(np.abs(spectra), watch), low.waveform.shape[-1])
        return self._as_before(Sound(vocals[None], low.sample_rate), sound)

    def _mask(self, magnitudes: Magnitudes, watch: Watch) -> Magnitudes:
        config = self._config
        apart = round(config.apart_s * config.sample_rate / self._stft.hop)
        background = repeating_background(magnitudes, config.neighbours, apart, watch)
        power = np.float32(config.exponent)
        voice = (magnitudes - background) ** power
        mask = np.asarray(voice / (voice + background**power + EPSILON), np.float32)
        mask[:, : round(config.highpass_hz * config.frame / config.sample_rate)] = 0.0
        return mask

    @staticmethod
    def _as_before(vocals: Sound, sound: Sound) -> Sound:
        """Bring the vocals to the rate, length and channels of the mixture."""
        waveform = resample(vocals, sound.sample_rate).waveform
        samples = sound.waveform.shape[-1]
        fitted = np.pad(waveform[:, :samples], ((0, 0), (0, max(0, samples - waveform.shape[-1]))))
        return Sound(np.repeat(fitted, sound.channels, axis=0), sound.sample_rate)


def repeating_background(
    magnitudes: Magnitudes, neighbours: int, apart: int, watch: Watch = nobody_watches
) -> Magnitudes:
    """Estimate the repeating part of a spectrogram.

    Args:
        magnitudes: float32 (frames, bins).
        neighbours: Similar frames behind each median.
        apart: Least distance between two of them, in frames.
        watch: Sees how far the work is, and may stop it.

    Returns:
        float32 (frames, bins), nowhere above `magnitudes`.

    Source:
        Rafii and Pardo 2012, eq. 1 to 4: cosine similarity, median over the similar frames, minimum with the mixture.
    """
    unit = magnitudes / (np.linalg.norm(magnitudes, axis=1, keepdims=True) + EPSILON)
    background = np.empty_like(magnitudes)
    for first in range(0, len(magnitudes), BLOCK_FRAMES):
        similar = similar_frames(unit[first : first + BLOCK_FRAMES] @ unit.T, neighbours, apart)
        for offset, frames in enumerate(similar):
            background[first + offset] = np.median(magnitudes[frames], axis=0)
        watch(min(first + BLOCK_FRAMES, len(magnitudes)) / len(magnitudes))
    return np.minimum(background, magnitudes)


def similar_frames(similarity: Magnitudes, neighbours: int, apart: int) -> list[NDArray[np.intp]]:
    """Pick the most similar frames of each row among the local maxima of its similarity.

    Args:
        similarity: float32 (rows, frames).
        neighbours: At most so many a row.
        apart: A maximum is the highest within this many frames to both sides.

    Returns:
        Frame numbers of each row, at least one.
    """
    # Neighbouring frames resemble each other because a note lasts, not because it comes again.
    is_peak = similarity >= maximum_filter1d(similarity, 2 * apart + 1, axis=1, mode="nearest")
    candidates = np.where(is_peak, similarity, np.float32(-1))
    count = min(neighbours, similarity.shape[1])
    best = np.argpartition(candidates, similarity.shape[1] - count, axis=1)[:, -count:]
    return [row[kept[row] >= 0] for row, kept in zip(best, candidates, strict=True)]
