"""Make recordings in every format, sound and broken, for tests of decoding."""

import io
import struct
import tempfile
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from singalike.audio.sound import Waveform

SAMPLE_FORMATS = {"flac": "s16", "libmp3lame": "fltp", "libopus": "flt", "aac": "fltp", "alac": "s16p", "ac3": "fltp"}


def tone(duration_s: float = 1.0, sample_rate: int = 44_100, channels: int = 1, f0_hz: float = 220.0) -> Waveform:
    """Make a voice-like tone with four harmonics and a swell; the right channel is half as loud."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    harmonics = sum(np.sin(2 * np.pi * f0_hz * n * time_s) / n for n in range(1, 5))
    swell = 0.25 * (1 - 0.3 * np.cos(2 * np.pi * 3 * time_s))
    return np.stack([swell * harmonics / (1 + channel) for channel in range(channels)]).astype(np.float32)


def encode(
    waveform: Waveform, sample_rate: int, container: str, codec: str, options: dict[str, str] | None = None
) -> bytes:
    """Encode with FFmpeg's own encoders.

    Args:
        waveform: float32 (channels, samples).
        sample_rate: In Hz.
        container: FFmpeg's name of the muxer.
        codec: FFmpeg's name of the encoder.
        options: Options of the muxer.
    """
    layout = {1: "mono", 2: "stereo", 3: "2.1", 6: "5.1"}[waveform.shape[0]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recording")  # a real file: moving an index to the front opens it a second time
        with av.open(path, "w", format=container, options=options or {}) as output:
            stream = output.add_stream(codec, rate=sample_rate, layout=layout, format=SAMPLE_FORMATS[codec])
            _feed(output, stream, waveform, layout, sample_rate, SAMPLE_FORMATS[codec])
        return path.read_bytes()


def vorbis(waveform: Waveform, sample_rate: int) -> bytes:
    """Encode Ogg Vorbis; FFmpeg's own encoder is experimental, libsndfile's is not."""
    file = io.BytesIO()
    soundfile.write(file, waveform.T, sample_rate, format="OGG", subtype="VORBIS")
    return file.getvalue()


def _feed(
    output: av.container.OutputContainer,
    stream: av.AudioStream,
    waveform: Waveform,
    layout: str,
    sample_rate: int,
    sample_format: str,
) -> None:
    content: NDArray[np.generic] = waveform
    if sample_format.startswith("s16"):
        content = np.round(waveform * 32767).astype(np.int16)
    if not sample_format.endswith("p"):
        content = content.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(content), format=sample_format, layout=layout)
    frame.sample_rate, frame.pts = sample_rate, 0
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def wav(
    waveform: Waveform,
    sample_rate: int,
    bits: int = 16,
    is_float: bool = False,
    extensible: bool = False,
    data_size: int | None = None,
) -> bytes:
    """Write a WAV file by hand, so that every field of the header can lie.

    Args:
        waveform: (channels, samples) in [-1, 1].
        sample_rate: As the header shall say, in Hz.
        bits: 8, 16, 24 or 32 for integers; 32 or 64 for floats.
        is_float: IEEE floats.
        extensible: Write WAVE_FORMAT_EXTENSIBLE.
        data_size: What the data chunk claims; the truth by default.
    """
    channels = waveform.shape[0]
    data = _pcm(waveform.T, bits, is_float)
    kind, frame_bytes = 3 if is_float else 1, channels * bits // 8
    tag = 0xFFFE if extensible else kind
    layout = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 0, kind) + bytes.fromhex("000000001000800000aa00389b71")
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + chunk(b"fmt ", layout) + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body


def chunk(name: bytes, content: bytes) -> bytes:
    """Frame a RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def rf64(waveform: Waveform, sample_rate: int, data_size: int | None = None) -> bytes:
    """Write an RF64 file with 16 bits, whose sizes stand in the ds64 chunk."""
    plain = wav(waveform, sample_rate)
    data = plain[44:]
    size = len(data) if data_size is None else data_size
    sizes = chunk(b"ds64", struct.pack("<QQQI", len(plain), size, waveform.shape[1], 0))
    return b"RF64\xff\xff\xff\xffWAVE" + sizes + plain[12:40] + b"\xff\xff\xff\xff" + data


def _pcm(interleaved: Waveform, bits: int, is_float: bool) -> bytes:
    if is_float:
        return interleaved.astype(f"<f{bits // 8}").tobytes()
    scaled = np.clip(
        np.round(interleaved.astype(np.float64) * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    )
    if bits == 8:
        return (scaled + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return scaled.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    return scaled.astype(f"<i{bits // 8}").tobytes()
