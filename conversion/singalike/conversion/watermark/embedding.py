"""Hide a payload in sound."""

import numpy as np

from singalike.audio.resample import resample
from singalike.audio.separation.stft import Stft
from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches
from singalike.conversion.watermark.cells import Cells, stand_out, sum_bands
from singalike.conversion.watermark.layout import (
    BAND_BINS,
    BANDS,
    FIRST_BIN,
    FRAME_LENGTH,
    FRAMES_A_CELL,
    GRID_RATE,
    PERIOD,
    Signs,
    draw_layout,
)
from singalike.conversion.watermark.payload_code import code_signs

STRENGTH = 0.3
"""How far a cell is raised or lowered, as a share of how far cells around it stand out of themselves."""


def embed(sound: Sound, key: bytes, payload: int, watch: Watch = nobody_watches) -> Sound:
    """Hide a payload in sound, over and over.

    Every cell of the grid is raised or lowered by a share of how far cells around there stand out by themselves: by one
    decibel in noise and consonants, by a fifth of one in a held tone. Only the change passes through the lower sample
    rate of the grid. All channels change by the same gains, so the stereo image stays.

    Args:
        sound: The final mix, any rate and channels.
        key: The secret that `detect` will need, at least 16 bytes.
        payload: What to hide, 0 <= payload < 2**64.
        watch: Sees how far the work is, and may stop it.

    Returns:
        The marked sound, of the same shape. Its peaks may lie up to some tenths of a decibel over those of `sound`.

    Raises:
        InvalidInputError: WATERMARK_KEY_TOO_SHORT, PAYLOAD_OUT_OF_RANGE.

    Source:
        Kirovski and Malvar 2003, Spread-spectrum watermarking of audio signals, IEEE Transactions on Signal Processing
        51, for the spread spectrum over logarithms; grid, code and the strength that follows the sound are ours.
    """
    signs = code_signs(draw_layout(key), payload)
    low = resample(sound, GRID_RATE)
    stft = Stft(FRAME_LENGTH)
    spectra = []
    steps = 2 * low.channels + 2
    for channel in low.waveform:
        spectra.append(stft.analyse(channel))
        watch(len(spectra) / steps)
    gains = np.repeat(_relative_changes(sum_bands(spectra), signs), BAND_BINS, axis=1)
    marked = sound.waveform.copy()
    for number, (channel, spectrum) in enumerate(zip(marked, spectra, strict=True)):
        watch((low.channels + 1 + number) / steps)
        changed = np.zeros_like(spectrum)
        bins = slice(FIRST_BIN, FIRST_BIN + BANDS * BAND_BINS)
        np.multiply(spectrum[:, bins], gains, out=changed[:, bins])
        change = Sound(stft.rebuild(changed, low.waveform.shape[-1])[None], GRID_RATE)
        at_rate = resample(change, sound.sample_rate).waveform[0, : len(channel)]
        channel[: len(at_rate)] += at_rate
    watch(1.0)
    return Sound(marked, sound.sample_rate)


def _relative_changes(bands: Cells, signs: Signs) -> Cells:
    """By what share of itself each band of each frame changes, float32 (frames, BANDS)."""
    cells = -(-len(bands) // FRAMES_A_CELL)
    padded = np.pad(bands, ((0, cells * FRAMES_A_CELL - len(bands)), (0, 0)))
    _, usual = stand_out(padded.reshape(cells, FRAMES_A_CELL, BANDS).sum(axis=1))
    repeated = np.tile(signs, (-(-cells // PERIOD), 1))[:cells]
    # Half, for the usual is that of a logarithm of power and the gain is one of amplitude.
    changes = np.expm1(np.float32(0.5 * STRENGTH) * usual * repeated)
    return np.repeat(changes, FRAMES_A_CELL, axis=0)[: len(bands)]
