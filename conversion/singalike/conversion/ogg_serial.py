"""Give an Ogg file a serial number of our choice: libsndfile draws one from the clock, and no two files are alike."""

import struct
import zlib
from pathlib import Path

SERIAL = 0x53696E67
"""Tells streams of one file apart; ours have one each."""

_HEADER_BYTES, _SERIAL_AT, _CHECKSUM_AT = 27, 14, 22
_NUMBER = struct.Struct("<I")
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL_ONES = 0xFFFFFFFF


def set_serial(path: Path, serial: int = SERIAL) -> None:
    """Write a serial number into every page of an Ogg file of one stream, page by page.

    Args:
        path: The file, whole.
        serial: 0 <= serial < 2**32.

    Raises:
        OSError: The file cannot be read or written, or is no Ogg.

    Source:
        RFC 3533, section 6, https://www.rfc-editor.org/rfc/rfc3533.
    """
    with path.open("r+b") as file:
        while header := file.read(_HEADER_BYTES):
            start = file.tell() - len(header)
            if len(header) < _HEADER_BYTES or header[:4] != b"OggS":
                raise OSError(f"{path.name} is torn: it has no page at byte {start}")
            lengths = file.read(header[-1])
            page = bytearray(header + lengths + file.read(sum(lengths)))
            _NUMBER.pack_into(page, _SERIAL_AT, serial)
            _NUMBER.pack_into(page, _CHECKSUM_AT, 0)
            _NUMBER.pack_into(page, _CHECKSUM_AT, _checksum(page))
            file.seek(start)
            file.write(page)


def _checksum(page: bytearray) -> int:
    """The CRC of Ogg, polynomial 0x04c11db7 from the highest bit down: that of zlib in a mirror, begun at zero."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), _ALL_ONES) ^ _ALL_ONES
    return int(f"{mirrored:032b}"[::-1], 2)
