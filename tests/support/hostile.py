"""Recordings that mean harm, made byte by byte."""

import io
import zipfile

import av
import numpy as np

from tests.support.recordings import chunk, wav


def flac_bomb(sample_rate: int, duration_s: float, promised_samples: int = 0) -> bytes:
    """Write a FLAC file of constant frames: 16 bytes stand for 65 535 samples of each of two channels.

    Args:
        sample_rate: In Hz.
        duration_s: How long the sound really is.
        promised_samples: What STREAMINFO says; 0 means unknown.

    Source:
        RFC 9639, sections 8.2 and 9.
    """
    block = 65_535
    fields = sample_rate << 44 | (2 - 1) << 41 | (16 - 1) << 36 | promised_samples
    info = block.to_bytes(2, "big") * 2 + bytes(6) + fields.to_bytes(8, "big") + bytes(16)
    frames = [_constant_frame(number, block) for number in range(int(duration_s * sample_rate / block) + 1)]
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"".join(frames)


def _constant_frame(number: int, block: int) -> bytes:
    header = b"\xff\xf8\x70\x18" + _coded_number(number) + (block - 1).to_bytes(2, "big")
    header += _crc(header, 0x07, 8).to_bytes(1, "big")
    value = (1000 if number % 2 else -1000).to_bytes(2, "big", signed=True)
    frame = header + (b"\x00" + value) * 2
    return frame + _crc(frame, 0x8005, 16).to_bytes(2, "big")


def _coded_number(number: int) -> bytes:
    """Code a frame number as UTF-8 codes a character."""
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(content: bytes, polynomial: int, bits: int) -> int:
    register, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in content:
        register ^= byte << (bits - 8)
        for _ in range(8):
            register = (register << 1 ^ polynomial if register & top else register << 1) & mask
    return register


def film(container: str, codec: str) -> bytes:
    """Encode ten grey pictures."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            picture = np.full((48, 64, 3), 20 * number, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    """Pack a file into a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("song.wav", content)
    return file.getvalue()


def patched(content: bytes, at: int, value: bytes) -> bytes:
    """Overwrite bytes in the middle."""
    return content[:at] + value + content[at + len(value) :]


def with_many_chunks(waveform: np.ndarray, sample_rate: int, count: int) -> bytes:
    """Put chunks of nothing in front of a WAV file's format."""
    plain = wav(waveform, sample_rate)
    return plain[:12] + chunk(b"junk", b"") * count + plain[12:]


def garbage_mp3(frames: int, seed: int = 5) -> bytes:
    """Write valid MPEG frame headers, 128 kbit/s at 44.1 kHz, each with random bytes behind."""
    random = np.random.default_rng(seed)
    return b"".join(b"\xff\xfb\x90\x00" + random.bytes(413) for _ in range(frames))
