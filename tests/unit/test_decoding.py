import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.decoding import REFUSALS, DecodeLimits, GuardedDecoder, Refusal, select_channel
from singalike.audio.sound import Sound, Waveform
from singalike.errors import CapacityError, InvalidInputError, WrongStateError
from tests.support.hostile import flac_bomb
from tests.support.patience import await_that
from tests.support.recordings import encode, rf64, tone, vorbis, wav

RATE = 44_100
ONE_STEP_OF_16_BITS = 2.0**-15
HALF_STEP_OF_24_BITS = 2.0**-24
EXACT = 0.0
LOSSY_SNR_DB = 15.0
DOCUMENT = Path(__file__).parents[2] / "docs" / "refusals.md"


@pytest.fixture(scope="module")
def decoder() -> Iterator[GuardedDecoder]:
    with GuardedDecoder(processes=2) as guarded:
        yield guarded


def best_snr_db(original: Waveform, decoded: Waveform, longest_delay: int = 3000) -> float:
    """Signal-to-noise ratio after undoing the delay of the codec."""
    wanted, got = original[0, 5000:30_000], decoded[0]
    correlation = np.correlate(got[5000 - longest_delay : 30_000 + longest_delay], wanted, mode="valid")
    start = 5000 - longest_delay + int(np.argmax(correlation))
    error = got[start : start + len(wanted)] - wanted
    return float(10 * np.log10(np.mean(wanted**2) / np.mean(error**2)))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("bits", "is_float", "tolerance"),
    [
        (8, False, 2.0**-7),
        (16, False, ONE_STEP_OF_16_BITS),
        (24, False, HALF_STEP_OF_24_BITS),
        (32, False, HALF_STEP_OF_24_BITS),
        (32, True, EXACT),
        (64, True, EXACT),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_every_kind_of_wav_comes_back_as_it_was(
    decoder: GuardedDecoder, channels: int, bits: int, is_float: bool, tolerance: float, extensible: bool
) -> None:
    original = tone(0.6, RATE, channels)

    sound = decoder.decode(wav(original, RATE, bits, is_float, extensible))

    assert sound.sample_rate == RATE
    assert sound.waveform.dtype == np.float32
    assert sound.waveform.shape == original.shape
    assert np.abs(sound.waveform - original).max() <= tolerance


@pytest.mark.parametrize("container", ["flac", "ogg"])
@pytest.mark.parametrize("channels", [1, 2])
def test_flac_is_lossless(decoder: GuardedDecoder, container: str, channels: int) -> None:
    original = tone(0.8, RATE, channels)

    sound = decoder.decode(encode(original, RATE, container, "flac"))

    assert sound.waveform.shape == original.shape
    assert np.abs(sound.waveform - original).max() <= ONE_STEP_OF_16_BITS


@pytest.mark.parametrize("sample_rate", [8000, 192_000])
def test_the_lowest_and_highest_sample_rates_are_taken(decoder: GuardedDecoder, sample_rate: int) -> None:
    sound = decoder.decode(wav(tone(0.6, sample_rate), sample_rate))

    assert sound.sample_rate == sample_rate


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("mp3", "libmp3lame", {}),
        ("mp3", "libmp3lame", {"write_xing": "0"}),
        ("ipod", "aac", {}),
        ("ipod", "aac", {"movflags": "faststart"}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
        ("ipod", "alac", {}),
        ("adts", "aac", {}),
    ],
)
def test_a_compressed_recording_sounds_like_the_original(
    decoder: GuardedDecoder, container: str, codec: str, options: dict[str, str]
) -> None:
    original = tone(1.0, RATE, 2)

    sound = decoder.decode(encode(original, RATE, container, codec, options))

    assert (sound.sample_rate, sound.channels) == (RATE, 2)
    assert sound.duration_s == pytest.approx(1.0, abs=0.06)
    assert best_snr_db(original, sound.waveform) > LOSSY_SNR_DB


def test_vorbis_and_opus_sound_like_the_original(decoder: GuardedDecoder) -> None:
    original, at_48_khz = tone(1.0, RATE), tone(1.0, 48_000)

    from_vorbis = decoder.decode(vorbis(original, RATE))
    from_opus = decoder.decode(encode(at_48_khz, 48_000, "ogg", "libopus"))

    assert best_snr_db(original, from_vorbis.waveform) > LOSSY_SNR_DB
    assert best_snr_db(at_48_khz, from_opus.waveform) > LOSSY_SNR_DB


def test_a_tag_with_cover_art_and_broken_text_does_not_hide_the_mp3(decoder: GuardedDecoder) -> None:
    broken_title = b"TIT2\0\0\0\x06\0\0\x03\xff\xfe\xfd\xfc\xfb"
    body = broken_title + bytes(40_000)
    size = bytes([len(body) >> 21 & 0x7F, len(body) >> 14 & 0x7F, len(body) >> 7 & 0x7F, len(body) & 0x7F])
    recording = encode(tone(), RATE, "mp3", "libmp3lame", {"id3v2_version": "0"})

    sound = decoder.decode(b"ID3\3\0\0" + size + body + recording)

    assert sound.duration_s == pytest.approx(1.0, abs=0.06)


def test_rf64_and_recorders_that_never_wrote_the_size_are_read_to_the_end(decoder: GuardedDecoder) -> None:
    original = tone()

    lengths = [
        decoder.decode(recording).waveform.shape[1]
        for recording in (
            rf64(original, RATE),
            wav(original, RATE, data_size=0),
            wav(original, RATE, data_size=0xFFFFFFFF),
            wav(original, RATE, data_size=0x7FFFF024),
        )
    ]

    assert lengths == [RATE] * 4


def test_float_sound_beyond_full_scale_is_kept(decoder: GuardedDecoder) -> None:
    original = 3.0 * tone()

    sound = decoder.decode(wav(original, RATE, 32, is_float=True))

    assert np.array_equal(sound.waveform, original)


def test_select_channel_takes_a_side_or_the_average() -> None:
    stereo = Sound(tone(1.0, RATE, 2), RATE)

    left, right, mix = (select_channel(stereo, name).waveform for name in ("left", "right", "mix"))

    assert np.array_equal(left, stereo.waveform[:1])
    assert np.array_equal(right, stereo.waveform[1:])
    assert np.allclose(mix, (left + right) / 2)
    assert select_channel(Sound(left, RATE), "right").waveform is left


def test_an_unknown_channel_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="mix, left or right") as caught:
        select_channel(Sound(tone(), RATE), "middle")

    assert caught.value.reason == "BAD_CHANNEL"


def test_many_threads_share_the_decoder(decoder: GuardedDecoder) -> None:
    originals = [tone(0.6, RATE, f0_hz=100.0 + 10 * number) for number in range(16)]
    recordings = [wav(original, RATE, 32, is_float=True) for original in originals]

    with ThreadPoolExecutor(8) as pool:
        sounds = list(pool.map(decoder.decode, recordings))

    assert all(np.array_equal(sound.waveform, original) for sound, original in zip(sounds, originals, strict=True))


def test_a_child_that_dies_is_replaced_and_only_its_recording_is_refused() -> None:
    with GuardedDecoder(processes=1) as decoder:
        decoder.decode(wav(tone(), RATE))
        # It lives until it is sent a recording, which it has no descriptor left for.
        resource.prlimit(decoder.process_ids()[0], resource.RLIMIT_NOFILE, (3, 3))

        with pytest.raises(InvalidInputError) as caught:
            decoder.decode(wav(tone(), RATE))
        sound = decoder.decode(wav(tone(), RATE))

    assert caught.value.reason == "DECODER_CRASHED"
    assert sound.duration_s == 1.0


def test_a_child_that_died_while_idle_harms_nobody() -> None:
    with GuardedDecoder(processes=1) as decoder:
        decoder.decode(wav(tone(), RATE))
        pid = decoder.process_ids()[0]
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

        sound = decoder.decode(wav(tone(), RATE))

    assert sound.duration_s == 1.0


def test_a_child_that_hangs_is_killed_in_time() -> None:
    with GuardedDecoder(processes=1, limits=DecodeLimits(wall_s=1.0)) as decoder:
        decoder.decode(wav(tone(), RATE))
        frozen = decoder.process_ids()[0]
        os.kill(frozen, signal.SIGSTOP)

        with pytest.raises(CapacityError) as caught:
            decoder.decode(wav(tone(), RATE))

        assert caught.value.reason == "DECODER_TIMEOUT"
        assert caught.value.retry_after_s is not None
        assert frozen not in decoder.process_ids()


def test_a_recording_that_takes_too_much_memory_is_refused() -> None:
    recording = flac_bomb(96_000, 590.0)  # just short enough to be decoded
    limits = DecodeLimits(address_space_bytes=1 << 20)

    with GuardedDecoder(processes=1, limits=limits) as decoder, pytest.raises(InvalidInputError) as caught:
        decoder.decode(recording)

    # Most libraries report that memory is refused, some end their process.
    assert caught.value.reason in {"DECODER_LIMIT", "DECODER_CRASHED"}


def test_a_recording_that_takes_too_much_processor_time_is_refused() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, (2, 96_000)).astype(np.float32)
    # An hour, which takes the quickest processor more than what is left of the second in which the child started.
    recording = encode(noise, 96_000, "adts", "aac") * 3600
    limits = DecodeLimits(cpu_s=0, max_duration_s=4000.0)

    with GuardedDecoder(processes=1, limits=limits) as decoder, pytest.raises(InvalidInputError) as caught:
        decoder.decode(recording)

    assert caught.value.reason == "DECODER_LIMIT"


DECODE_ALL = """
import pathlib, sys
from singalike.audio.decoding import GuardedDecoder
from singalike.errors import SingalikeError
with GuardedDecoder(processes=1) as decoder:
    for path in sys.argv[1:]:
        try:
            print(decoder.decode(pathlib.Path(path).read_bytes()).duration_s)
        except SingalikeError as error:
            print(error.reason, error.message)
"""


def test_where_files_may_not_grow_what_fits_is_decoded_and_the_rest_told_why(tmp_path: Path) -> None:
    recordings = {
        "fits.flac": encode(tone(1.0, 8_000), 8_000, "flac", "flac"),
        "long sound.flac": encode(tone(6.0, 8_000), 8_000, "flac", "flac"),
        "large file.wav": wav(tone(6.0, 8_000), 8_000),
    }
    for name, content in recordings.items():
        (tmp_path / name).write_bytes(content)
    most = 80_000

    told = subprocess.run(
        [sys.executable, "-c", DECODE_ALL, *(str(tmp_path / name) for name in recordings)],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert told[0] == "1.0"
    assert all(line.startswith("DECODER_FILE_LIMIT") and "80000 bytes" in line for line in told[1:])
    assert len(told) == len(recordings)


def test_without_a_free_child_the_caller_is_asked_to_come_back() -> None:
    with GuardedDecoder(processes=1, limits=DecodeLimits(wait_s=0.05)) as decoder, ThreadPoolExecutor(1) as pool:
        decoder.decode(wav(tone(), RATE))
        pid = decoder.process_ids()[0]
        os.kill(pid, signal.SIGSTOP)
        first = pool.submit(decoder.decode, wav(tone(), RATE))
        await_that(lambda: not decoder.idle_processes)

        with pytest.raises(CapacityError) as caught:
            decoder.decode(wav(tone(), RATE))
        os.kill(pid, signal.SIGCONT)

        assert caught.value.reason == "DECODER_BUSY"
        assert first.result().duration_s == 1.0


def test_a_closed_decoder_says_so_and_leaves_no_process() -> None:
    decoder = GuardedDecoder(processes=2)
    pids = decoder.process_ids()

    decoder.close()
    decoder.close()

    with pytest.raises(WrongStateError) as caught:
        decoder.decode(wav(tone(), RATE))
    assert caught.value.reason == "DECODER_CLOSED"
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_table_of_refusals_in_the_documents_is_the_one_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)

    told = {name: (error, message) for name, error, message in rows}

    assert told == {reason.value: (rule.error.__name__, rule.message) for reason, rule in REFUSALS.items()}
    assert set(REFUSALS) == set(Refusal)
