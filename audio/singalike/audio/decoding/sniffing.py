"""Tell the format of a recording from its bytes, never from a name or a declared type."""

from enum import StrEnum

ID3_HEADER = 10
SYNC_SEARCH_BYTES = 8192
MPEG1, LAYER_3 = 3, 1
# ISO 11172-3 table of Layer III bit rates, kbit/s, and ISO 13818-3 for the lower sample rates; index 0 is "free".
BIT_RATES_MPEG1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
BIT_RATES_MPEG2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
SAMPLE_RATES_MPEG1 = (44_100, 48_000, 32_000)


class Container(StrEnum):
    """The formats that are taken; the value is FFmpeg's name of the demuxer."""

    WAV = "wav"
    FLAC = "flac"
    OGG = "ogg"
    MP3 = "mp3"
    MP4 = "mov"
    ADTS = "aac"


def sniff(audio: bytes) -> Container | None:
    """Recognise a recording by its magic bytes; MP3 and raw AAC by two frames in a row.

    Args:
        audio: The whole encoded recording; only its head is looked at.

    Returns:
        The container, or None when it is none of ours.
    """
    if audio[:4] in (b"RIFF", b"RF64") and audio[8:12] == b"WAVE":
        return Container.WAV
    if audio[:4] == b"OggS":
        return Container.OGG
    if audio[4:8] == b"ftyp":
        return Container.MP4
    return _sniff_frames(audio, id3_length(audio))


def _sniff_frames(audio: bytes, start: int) -> Container | None:
    """Recognise what may stand behind an ID3 tag."""
    if audio[start : start + 4] == b"fLaC":
        return Container.FLAC
    if find_mpeg_frame(audio, start) is not None:
        return Container.MP3
    if _is_adts(audio, start):
        return Container.ADTS
    return None


def id3_length(audio: bytes) -> int:
    """Return the length of the ID3v2 tag in front, in bytes; 0 without one. Source: https://id3.org/id3v2.4.0-structure."""
    if audio[:3] != b"ID3" or len(audio) < ID3_HEADER:
        return 0
    size = 0
    for byte in audio[6:10]:
        size = size << 7 | byte & 0x7F
    return size + ID3_HEADER


def find_mpeg_frame(audio: bytes, start: int) -> int | None:
    """Find the first Layer III frame that another one follows, near `start`; encoders pad after the tag."""
    for at in range(start, min(start + SYNC_SEARCH_BYTES, len(audio) - 4)):
        if audio[at] != 0xFF:
            continue
        length = mpeg_frame_length(audio, at)
        if length and mpeg_frame_length(audio, at + length) and _same_kind(audio, at, at + length):
            return at
    return None


def mpeg_frame_length(audio: bytes, at: int) -> int:
    """Return the length in bytes of the MPEG Layer III frame whose header stands at `at`, or 0 when none does.

    Source:
        ISO/IEC 11172-3, section 2.4.2.3; the padding slot of Layer III is one byte.
    """
    header = audio[at : at + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_index, speed_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer != LAYER_3 or rate_index in (0, 15) or speed_index == 3:
        return 0
    is_mpeg1 = version == MPEG1
    bit_rate = (BIT_RATES_MPEG1 if is_mpeg1 else BIT_RATES_MPEG2)[rate_index] * 1000
    sample_rate = SAMPLE_RATES_MPEG1[speed_index] >> (0 if is_mpeg1 else 1 if version == 2 else 2)
    return (144 if is_mpeg1 else 72) * bit_rate // sample_rate + padding


def _same_kind(audio: bytes, first: int, second: int) -> bool:
    """Say whether two frame headers agree in version, layer and sample rate."""
    same_version = audio[first + 1] & 0xFE == audio[second + 1] & 0xFE
    return same_version and audio[first + 2] & 0x0C == audio[second + 2] & 0x0C


def _is_adts(audio: bytes, start: int) -> bool:
    """Say whether two raw AAC frames stand at `start`. Source: ISO/IEC 13818-7, section 6.2."""
    length = _adts_frame_length(audio, start)
    return length > 0 and _adts_frame_length(audio, start + length) > 0


def _adts_frame_length(audio: bytes, at: int) -> int:
    header = audio[at : at + 7]
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length >= 7 else 0
