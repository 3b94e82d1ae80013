"""Decode FLAC, Ogg, MP3 and M4A through FFmpeg's libraries, with whitelists of demuxer and codec."""

import errno
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
from av.stream import Disposition

from singalike.audio.decoding.promises import ends_inside_a_page, promised_samples
from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.decoding.sniffing import Container
from singalike.audio.decoding.stream import SoundStream
from singalike.audio.sound import Waveform
from singalike.errors import SingalikeError

CODECS: dict[Container, frozenset[str]] = {
    Container.FLAC: frozenset({"flac"}),
    Container.OGG: frozenset({"vorbis", "opus", "flac"}),
    Container.MP3: frozenset({"mp3"}),
    Container.MP4: frozenset({"aac", "alac"}),
    Container.ADTS: frozenset({"aac"}),
}
# FFmpeg names some decoders differently from their codec; nothing else may be opened, not even to probe.
OPTIONS = {"codec_whitelist": "flac,vorbis,libvorbis,opus,libopus,mp3,mp3float,aac,alac"}
BLOCK_SAMPLES = 1 << 16
# What lossy encoders promise more than decoders return: delay, padding, the rounding of containers, a damaged packet.
SLACK_SAMPLES, SLACK_SHARE = 4608, 0.02
# A cut MP3 begins with frames that lean on lost ones, so some damaged packets are normal.
MAX_BAD_PACKETS, MAX_BAD_SHARE = 3, 0.02


def open_compressed(file: BinaryIO, size: int, container: Container) -> SoundStream:
    """Open a compressed recording and decode its first frame.

    Args:
        file: The recording.
        size: Bytes in the file.
        container: What it was sniffed to be; no other demuxer is tried.

    Returns:
        The stream, whose blocks raise DAMAGED when too many packets cannot be decoded.

    Raises:
        InvalidInputError: DAMAGED, TRUNCATED, NO_AUDIO, VIDEO_TRACK, UNSUPPORTED_CODEC.
    """
    if container is Container.OGG and ends_inside_a_page(file, size):
        raise refusal(Refusal.TRUNCATED, detail="its last page is cut")
    promised = promised_samples(file, container)
    if container is Container.FLAC:
        promised = max(promised or 0, _count_samples(file))
    opened = _open(file, container)
    track = _audio_track(opened, container)
    frames = _frames(opened, track)
    first = next(frames, None)
    if first is None:
        raise refusal(Refusal.DAMAGED, detail="no frame can be decoded")
    if container is Container.MP4 and track.duration:
        promised = round(float(track.duration * track.time_base) * first.sample_rate)
    if promised is not None and container is not Container.FLAC:
        promised = max(0, round(promised * (1 - SLACK_SHARE)) - SLACK_SAMPLES)
    return SoundStream(first.sample_rate, first.layout.nb_channels, promised, _blocks(first, frames))


def _open(file: BinaryIO, container: Container) -> Any:
    file.seek(0)
    try:
        return av.open(file, mode="r", format=container.value, options=OPTIONS, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        raise _translate(error) from error


def _audio_track(opened: Any, container: Container) -> Any:
    for track in opened.streams.video:
        if not track.disposition & Disposition.attached_pic:  # cover art is a picture, not a film
            raise refusal(Refusal.VIDEO_TRACK)
    if not opened.streams.audio:
        raise refusal(Refusal.NO_AUDIO)
    track = opened.streams.audio[0]
    codec = track.codec_context.codec.canonical_name if track.codec_context else "unknown"
    if codec not in CODECS[container]:
        raise refusal(Refusal.UNSUPPORTED_CODEC, codec=codec, container=container.name)
    track.codec_context.thread_count = 1  # threads of one child would only fight for its processor seconds
    return track


def _count_samples(file: BinaryIO) -> int:
    """Count the samples of a FLAC file by its frame headers alone.

    Sixteen bytes may stand for 65 535 samples and STREAMINFO may lie, so a bomb is best found before it unpacks.
    """
    with _open(file, Container.FLAC) as opened:
        track = _audio_track(opened, Container.FLAC)
        ends = ((packet.pts or 0) + (packet.duration or 0) for packet in _packets(opened, track))
        return int(max(ends, default=0) * track.time_base * track.rate)


def _frames(opened: Any, track: Any) -> Iterator[Any]:
    bad = 0
    for packets, packet in enumerate(_packets(opened, track), start=1):
        try:
            yield from packet.decode()
        except av.error.FFmpegError as error:
            if error.errno == errno.ENOMEM:
                raise _translate(error) from error
            bad += 1
        if bad > MAX_BAD_PACKETS and bad > MAX_BAD_SHARE * packets:
            raise refusal(Refusal.DAMAGED, detail=f"{bad} of {packets} packets cannot be decoded")


def _packets(opened: Any, track: Any) -> Iterator[Any]:
    try:
        yield from opened.demux(track)
    except av.error.EOFError:
        return
    except av.error.FFmpegError as error:
        raise _translate(error) from error


def _blocks(first: Any, rest: Iterator[Any]) -> Iterator[Waveform]:
    """Gather frames, a few milliseconds each, into blocks worth handling."""
    expected = (first.sample_rate, first.layout.nb_channels, first.format.name)
    pending, held = [first.to_ndarray()], first.samples
    for frame in rest:
        if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) != expected:
            raise refusal(Refusal.CHANGING_FORMAT)
        if held >= BLOCK_SAMPLES:
            yield _to_float(pending, expected[1])
            pending, held = [], 0
        pending.append(frame.to_ndarray())
        held += frame.samples
    yield _to_float(pending, expected[1])


def _to_float(frames: list[Any], channels: int) -> Waveform:
    """Join frames, planar (channels, n) or packed (1, n * channels), into float32 (channels, n) in [-1, 1]."""
    joined = np.concatenate(frames, axis=1)
    if joined.shape[0] != channels:
        joined = joined.reshape(-1, channels).T
    if joined.dtype == np.uint8:
        return np.ascontiguousarray((joined.astype(np.float32) - 128.0) / 128.0)
    if joined.dtype.kind == "i":
        scale = np.float32(2.0 ** (8 * joined.dtype.itemsize - 1))
        return np.ascontiguousarray(joined.astype(np.float32) / scale)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(joined, dtype=np.float32)


def _translate(error: Exception) -> SingalikeError:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return refusal(Refusal.DECODER_LIMIT)
    return refusal(Refusal.DAMAGED, detail="its structure cannot be read")
