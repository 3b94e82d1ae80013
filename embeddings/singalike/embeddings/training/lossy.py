"""What lossy compression does to a voice: a real round trip through an encoder, at the bit rates of cheap uploads."""

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.generator import SAMPLE_RATE, at_level


@dataclass(frozen=True)
class Codec:
    """An encoder with its container.

    Attributes:
        container: FFmpeg's name of the muxer; each of these tells the decoder how many samples of delay to skip.
        encoder: FFmpeg's name.
        sample_format: What the encoder takes.
        kbit_s: Lowest and highest bit rate that is drawn for one channel at 16 000 Hz.
    """

    container: str
    encoder: str
    sample_format: str
    kbit_s: tuple[float, float]


CODECS = (
    Codec("mp3", "libmp3lame", "fltp", (16.0, 48.0)),
    Codec("ogg", "libopus", "flt", (8.0, 28.0)),
    Codec("mp4", "aac", "fltp", (14.0, 40.0)),
)
"""MP3 and AAC cut the band and smear onsets, Opus also models speech."""


def codec(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Send a clip through MP3, Opus or AAC at a low bit rate and back, keeping time and level.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        rng: Chooses encoder and bit rate.

    Returns:
        float32 (samples,), not moved against the clip, root mean square as of every generated clip.
    """
    chosen = CODECS[int(rng.integers(len(CODECS)))]
    low, high = chosen.kbit_s
    kbit_s = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return at_level(round_trip(waveform, chosen, kbit_s))


def round_trip(waveform: NDArray[np.float32], chosen: Codec, kbit_s: float) -> NDArray[np.float32]:
    """Encode and decode once.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        chosen: The encoder.
        kbit_s: Bit rate in kilobits a second.

    Returns:
        float32 (samples,), aligned with the clip.
    """
    file = io.BytesIO()
    with av.open(file, "w", format=chosen.container) as output:
        stream: Any = output.add_stream(
            chosen.encoder, rate=SAMPLE_RATE, layout="mono", format=chosen.sample_format, bit_rate=round(1000 * kbit_s)
        )
        content = np.ascontiguousarray(waveform[None], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(content, format=chosen.sample_format, layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    decoded = _decode(file)[: len(waveform)]
    return np.pad(decoded, (0, len(waveform) - len(decoded)))


def _decode(file: io.BytesIO) -> NDArray[np.float32]:
    """Decode mono float32 (samples,) at 16 000 Hz, whatever rate the codec works at inside."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
    blocks: list[Any] = []
    with av.open(file, "r") as opened:
        for frame in opened.decode(audio=0):
            blocks += [part.to_ndarray() for part in resampler.resample(frame)]
    blocks += [part.to_ndarray() for part in resampler.resample(None)]
    return np.asarray(np.concatenate(blocks, axis=1)[0], dtype=np.float32)
