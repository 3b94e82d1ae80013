"""Every recording that must be refused, with the reason, and that none of them costs more than a moment."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from singalike.audio.decoding import DecodeLimits, GuardedDecoder
from singalike.audio.sound import Waveform
from singalike.errors import CapacityError, InvalidInputError
from tests.support.hostile import film, flac_bomb, garbage_mp3, patched, with_many_chunks, zipped
from tests.support.recordings import chunk, encode, rf64, tone, vorbis, wav

RATE = 44_100
RANDOM_SEED = 17
LIMITS = DecodeLimits(max_bytes=6 << 20, cpu_s=1)
"""Whatever takes longer than a moment is refused as DECODER_LIMIT instead of for its own reason."""

PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
HTML = b"<!DOCTYPE html><html><body><audio src='song.wav'></audio></body></html>"
PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"


def noise(duration_s: float = 2.0) -> Waveform:
    return np.random.default_rng(RANDOM_SEED).normal(0, 0.1, (1, round(duration_s * RATE))).astype(np.float32)


def random_bytes(count: int) -> bytes:
    return np.random.default_rng(RANDOM_SEED).bytes(count)


def with_value(value: float) -> bytes:
    waveform = tone()
    waveform[0, 777] = value
    return wav(waveform, RATE, bits=32, is_float=True)


def share(content: bytes, part: float) -> bytes:
    return content[: int(len(content) * part)]


def m4a(fast_start: bool = False) -> bytes:
    return encode(tone(2.0), RATE, "ipod", "aac", {"movflags": "faststart"} if fast_start else None)


def mp3(waveform: Waveform, sample_rate: int = RATE, tagged: bool = True) -> bytes:
    return encode(waveform, sample_rate, "mp3", "libmp3lame", {"write_xing": str(int(tagged))})


def flac(waveform: Waveform, sample_rate: int = RATE) -> bytes:
    return encode(waveform, sample_rate, "flac", "flac")


def opus() -> bytes:
    return encode(tone(2.0, 48_000), 48_000, "ogg", "libopus")


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    # Not audio at all.
    "nothing": (lambda: b"", "EMPTY"),
    "one byte": (lambda: b"R", "UNKNOWN_FORMAT"),
    "random bytes": (lambda: random_bytes(100_000), "UNKNOWN_FORMAT"),
    "zeros": (lambda: bytes(100_000), "UNKNOWN_FORMAT"),
    "text": (lambda: b"This is no song. " * 100, "UNKNOWN_FORMAT"),
    "web page": (lambda: HTML, "UNKNOWN_FORMAT"),
    "playlist naming a local file": (lambda: PLAYLIST, "UNKNOWN_FORMAT"),
    "picture": (lambda: PNG_HEAD + bytes(1000), "UNKNOWN_FORMAT"),
    "wav in a zip": (lambda: zipped(wav(tone(), RATE)), "UNKNOWN_FORMAT"),
    "flac in a tag only": (lambda: b"ID3\4\0\0\0\0\0\x20" + b"fLaC" + bytes(28), "UNKNOWN_FORMAT"),
    "tag that claims 256 MiB": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3(tone()), "UNKNOWN_FORMAT"),
    "wav in a wav": (lambda: wav(tone(), RATE)[:12] + chunk(b"data", wav(tone(), RATE)), "DAMAGED"),
    "too many bytes": (lambda: wav(noise(72.0), RATE), "TOO_LARGE"),
    # Headers that lie.
    "wav that claims 4 GiB": (lambda: wav(tone(), RATE, data_size=0xFFFFFFFE), "TRUNCATED"),
    "rf64 that claims 256 GiB": (lambda: rf64(tone(), RATE, data_size=256 << 30), "TRUNCATED"),
    "flac that claims 500 s": (lambda: flac_bomb(RATE, 3.0, RATE * 500), "TRUNCATED"),
    "flac that claims 18 days": (lambda: flac_bomb(RATE, 3.0, 2**36 - 1), "TOO_LONG"),
    "wav chunk beyond the end": (lambda: wav(tone(), RATE)[:12] + b"junk\xff\xff\xff\x7f" + bytes(50), "TRUNCATED"),
    "wav of thousands of chunks": (lambda: with_many_chunks(tone(), RATE, 5000), "TRUNCATED"),
    "wav without channels": (lambda: patched(wav(tone(), RATE), 22, b"\0\0"), "DAMAGED"),
    "wav with frames of no bytes": (lambda: patched(wav(tone(), RATE), 32, b"\0\0"), "DAMAGED"),
    "wav with 17 bits in two bytes": (lambda: patched(wav(tone(), RATE), 34, b"\x11\0"), "DAMAGED"),
    "wav whose format is two bytes": (lambda: wav(tone(), RATE)[:12] + chunk(b"fmt ", b"\1\0") + bytes(40), "DAMAGED"),
    "wav at 0 Hz": (lambda: patched(wav(tone(), RATE), 24, bytes(4)), "BAD_SAMPLE_RATE"),
    "wav in mu-law": (lambda: patched(wav(tone(), RATE), 20, b"\7\0"), "UNSUPPORTED_CODEC"),
    # Bombs.
    "flac bomb of a day": (lambda: flac_bomb(8000, 86_400.0), "TOO_LONG"),
    "flac bomb in stereo at 192 kHz": (lambda: flac_bomb(192_000, 1200.0), "TOO_LONG"),
    "flac bomb that claims 1 s": (lambda: flac_bomb(8000, 1200.0, 8000), "TOO_LONG"),
    "mp3 of eleven minutes": (lambda: mp3(np.tile(tone(10.0, 8000), (1, 66)), 8000), "TOO_LONG"),
    # Cut off.
    "wav cut in its header": (lambda: wav(tone(), RATE)[:30], "TRUNCATED"),
    "wav cut in half": (lambda: share(wav(tone(), RATE), 0.5), "TRUNCATED"),
    "flac cut in its header": (lambda: flac(noise())[:20], "DAMAGED"),
    "flac cut in half": (lambda: share(flac(noise()), 0.5), "TRUNCATED"),
    "vorbis cut in half": (lambda: share(vorbis(tone(2.0), RATE), 0.5), "TRUNCATED"),
    "opus cut near its end": (lambda: share(opus(), 0.99), "TRUNCATED"),
    "mp3 cut in half": (lambda: share(mp3(tone(2.0)), 0.5), "TRUNCATED"),
    "m4a without its index": (lambda: share(m4a(), 0.9), "DAMAGED"),
    "m4a cut after its index": (lambda: share(m4a(fast_start=True), 0.5), "TRUNCATED"),
    # Damaged inside.
    "mp3 of garbage": (lambda: garbage_mp3(200), "DAMAGED"),
    "mp3 with a hole": (lambda: patched(mp3(tone(20.0)), 60_000, random_bytes(60_000)), "DAMAGED"),
    "flac with a hole": (lambda: patched(flac(noise()), 60_000, random_bytes(9000)), "TRUNCATED"),
    "mp3 that changes its rate": (
        lambda: mp3(tone(), tagged=False) + mp3(tone(1.0, 22_050), 22_050, tagged=False),
        "CHANGING_FORMAT",
    ),
    # Sound of the wrong kind.
    "film": (lambda: film("mp4", "mpeg4"), "VIDEO_TRACK"),
    "m4a without audio": (lambda: b"\0\0\0\x1cftypM4A \0\0\2\0M4A isomiso2\0\0\0\x08moov", "NO_AUDIO"),
    "ac3 in mp4": (lambda: encode(tone(1.0, 48_000), 48_000, "mp4", "ac3"), "UNSUPPORTED_CODEC"),
    "three channels": (lambda: wav(tone(1.0, RATE, 3), RATE), "TOO_MANY_CHANNELS"),
    "six channels": (lambda: flac(tone(1.0, RATE, 6)), "TOO_MANY_CHANNELS"),
    "4 kHz": (lambda: wav(tone(1.0, 4000), 4000), "BAD_SAMPLE_RATE"),
    "384 kHz": (lambda: flac(tone(1.0, 384_000), 384_000), "BAD_SAMPLE_RATE"),
    "0.1 s": (lambda: wav(tone(0.1), RATE), "TOO_SHORT"),
    "no samples": (lambda: wav(np.zeros((1, 0), np.float32), RATE), "TOO_SHORT"),
    "eleven minutes": (lambda: wav(tone(660.0, 8000), 8000, bits=8), "TOO_LONG"),
    "not a number": (lambda: with_value(np.nan), "NOT_FINITE"),
    "infinite": (lambda: with_value(np.inf), "NOT_FINITE"),
    "beyond float32": (lambda: wav(np.full((1, RATE), 1e300), RATE, bits=64, is_float=True), "NOT_FINITE"),
    "beyond every scale": (lambda: with_value(1e30), "OUT_OF_SCALE"),
    "silence": (lambda: wav(np.zeros((1, RATE), np.float32), RATE), "SILENT"),
    "silence in vorbis": (lambda: vorbis(np.zeros((2, RATE), np.float32), RATE), "SILENT"),
    "a constant": (lambda: wav(np.full((1, RATE), 0.5, np.float32), RATE), "SILENT"),
}


@pytest.fixture(scope="module")
def decoder() -> Iterator[GuardedDecoder]:
    with GuardedDecoder(processes=1, limits=LIMITS) as guarded:
        guarded.decode(wav(tone(), RATE))
        yield guarded


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_recording_is_refused_with_its_reason_and_at_once(name: str, decoder: GuardedDecoder) -> None:
    make, reason = HOSTILE[name]
    recording = make()

    with pytest.raises((InvalidInputError, CapacityError)) as caught:
        decoder.decode(recording)

    assert caught.value.reason == reason


def test_after_all_of_them_a_good_recording_is_still_decoded_by_the_same_child(decoder: GuardedDecoder) -> None:
    sound = decoder.decode(wav(tone(), RATE))

    assert sound.waveform.shape == (1, RATE)
