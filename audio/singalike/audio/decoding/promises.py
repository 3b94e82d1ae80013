"""What the headers of compressed recordings promise about their length; FFmpeg's own figures may be estimates."""

import struct
from typing import BinaryIO

from singalike.audio.decoding.sniffing import Container, find_mpeg_frame, id3_length

HEAD_BYTES = 64 * 1024
OGG_PAGE_BYTES = 65_307  # the largest page: 27 + 255 + 255 * 255
XING_SEARCH_BYTES = 192


def promised_samples(file: BinaryIO, container: Container) -> int | None:
    """Read how many samples a channel the header promises, None when it does not say.

    Args:
        file: The recording; its position is moved.
        container: FLAC (STREAMINFO) and MP3 (Xing or Info tag) are read here, for MP4 the demuxer's figure is exact.
    """
    if container is Container.FLAC:
        return _flac_samples(file)
    if container is Container.MP3:
        return _mp3_samples(file)
    return None


def ends_inside_a_page(file: BinaryIO, size: int) -> bool:
    """Say whether the last page of an Ogg file is cut off. Source: RFC 3533, section 6."""
    file.seek(max(0, size - OGG_PAGE_BYTES))
    tail = file.read(OGG_PAGE_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0:
        return False
    header = tail[at : at + 27]
    if len(header) < 27:
        return True
    lengths = tail[at + 27 : at + 27 + header[26]]
    return len(lengths) < header[26] or at + 27 + len(lengths) + sum(lengths) > len(tail)


def _flac_samples(file: BinaryIO) -> int | None:
    """Read the 36-bit total of STREAMINFO. Source: RFC 9639, section 8.2."""
    file.seek(0)
    start = id3_length(file.read(10))
    file.seek(start)
    head = file.read(26)
    if len(head) < 26:
        return None
    return (int.from_bytes(head[18:26], "big") & 0xFFFFFFFFF) or None


def _mp3_samples(file: BinaryIO) -> int | None:
    """Read the frame count of the Xing or Info tag in the first frame. Source: the LAME tag specification."""
    file.seek(0)
    start = id3_length(file.read(10))
    file.seek(start)
    head = file.read(HEAD_BYTES)
    frame = find_mpeg_frame(head, 0)
    if frame is None:
        return None
    for tag in (b"Xing", b"Info"):
        at = head.find(tag, frame, frame + XING_SEARCH_BYTES)
        if at >= 0 and len(head) >= at + 12:
            flags, frames = struct.unpack_from(">II", head, at + 4)
            samples_a_frame = 1152 if head[frame + 1] & 0x08 else 576
            return frames * samples_a_frame if flags & 1 else None
    return None
