"""Read WAV, RF64 and WAVE_FORMAT_EXTENSIBLE files, integer and float, in bounded blocks.

Source: Multimedia Programming Interface 1.0 (RIFF WAVE); EBU Tech 3306 (RF64).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.decoding.stream import SoundStream
from singalike.audio.sound import Waveform
from singalike.errors import SingalikeError

PCM, IEEE_FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
# The rest of the GUID that turns a format tag into an extensible sub-format.
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
UNKNOWN_SIZE = 0xFFFFFFFF
# Recorders that stream leave 0, 0xFFFFFFFF or SoX's 0x7FFFFxxx as size: the sound then runs to the end of the file.
OPEN_ENDED_FROM = 0x7FFFF000
MAX_CHUNKS = 1000
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class WavFormat:
    """The fmt chunk.

    Attributes:
        is_float: IEEE floats rather than integers.
        channels: Number of channels.
        sample_rate: In Hz.
        width: Bytes of one value.
    """

    is_float: bool
    channels: int
    sample_rate: int
    width: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one value of every channel."""
        return self.width * self.channels


def open_wav(file: BinaryIO, size: int) -> SoundStream:
    """Read the header of a WAV file and prepare to read its sound.

    Args:
        file: Positioned at the start.
        size: Bytes in the file.

    Returns:
        The stream; integers scaled to [-1, 1), floats as they are.

    Raises:
        InvalidInputError: DAMAGED, UNSUPPORTED_CODEC, or TRUNCATED when less data is there than the header says.
    """
    wide_size: int | None = None
    layout: WavFormat | None = None
    file.seek(12)
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        name, length = header[:4], int.from_bytes(header[4:], "little")
        if name == b"data":
            if layout is None:
                raise _damaged("the format comes after the sound")
            return _stream(file, layout, _data_length(length, wide_size, size - file.tell()))
        body = file.read(min(length, 4096))
        if len(body) < min(length, 4096):
            raise refusal(Refusal.TRUNCATED, detail="inside its header")
        if name == b"fmt ":
            layout = _parse_format(body)
        elif name == b"ds64" and length >= 16:
            wide_size = struct.unpack_from("<8xQ", body)[0]
        file.seek(length - len(body) + length % 2, 1)
    raise refusal(Refusal.TRUNCATED, detail="before its sound begins")


def _damaged(detail: str) -> SingalikeError:
    return refusal(Refusal.DAMAGED, detail=detail)


def _parse_format(body: bytes) -> WavFormat:
    if len(body) < 16:
        raise _damaged("its format is cut short")
    tag, channels, sample_rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE:
        if len(body) < 40 or body[26:40] != SUBFORMAT_TAIL:
            raise refusal(Refusal.UNSUPPORTED_CODEC, codec="of an unknown sub-format", container="wav")
        tag = int.from_bytes(body[24:26], "little")
    if tag not in (PCM, IEEE_FLOAT):
        raise refusal(Refusal.UNSUPPORTED_CODEC, codec=f"0x{tag:04x}", container="wav")
    if channels == 0 or frame_bytes % channels:
        raise _damaged("it declares no channels or frames of broken size")
    width = frame_bytes // channels
    if width not in ((4, 8) if tag == IEEE_FLOAT else (1, 2, 3, 4)) or not 0 < bits <= 8 * width:
        raise _damaged(f"it declares {bits} bits in {width} bytes")
    return WavFormat(tag == IEEE_FLOAT, channels, sample_rate, width)


def _data_length(declared: int, wide_size: int | None, available: int) -> int:
    if wide_size is not None and declared == UNKNOWN_SIZE:
        declared = wide_size
    elif declared in (0, UNKNOWN_SIZE) or OPEN_ENDED_FROM <= declared <= 0x7FFFFFFF:
        return available
    if declared > available:
        raise refusal(Refusal.TRUNCATED, detail=f"{available} bytes of {declared}")
    return declared


def _stream(file: BinaryIO, layout: WavFormat, length: int) -> SoundStream:
    samples = length // layout.frame_bytes
    return SoundStream(layout.sample_rate, layout.channels, samples, _blocks(file, layout, samples))


def _blocks(file: BinaryIO, layout: WavFormat, samples: int) -> Iterator[Waveform]:
    step = max(1, BLOCK_BYTES // layout.frame_bytes)
    for first in range(0, samples, step):
        content = file.read(min(step, samples - first) * layout.frame_bytes)
        values = _to_float(content, layout).reshape(-1, layout.channels)
        yield np.ascontiguousarray(values.T)


def _to_float(content: bytes, layout: WavFormat) -> Waveform:
    if layout.is_float:
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is refused as such
            return np.frombuffer(content, f"<f{layout.width}").astype(np.float32)
    if layout.width == 1:
        return (np.frombuffer(content, np.uint8).astype(np.float32) - 128.0) / 128.0
    if layout.width == 3:
        # 24 bits become the upper three bytes of 32.
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / np.float32(2.0**31)
    return np.frombuffer(content, f"<i{layout.width}").astype(np.float32) / np.float32(2.0 ** (8 * layout.width - 1))
