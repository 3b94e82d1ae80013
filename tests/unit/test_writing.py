"""Finished songs on the disk: whole, tagged and readable."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from singalike.audio.decoding import GuardedDecoder
from singalike.audio.sound import Sound
from singalike.conversion.writing import MadeBy, SoundFormat, write_sound
from singalike.errors import UnavailableError
from tests.support.buzzing import buzzing_voice
from tests.support.file_limits import files_of_at_most

MADE_BY = MadeBy("world-retrieval 1", "0.1.0", "봄날의 노래", "Ann Ägir")
FAITHFUL = {SoundFormat.OGG: 0.15, SoundFormat.FLAC: 1e-6, SoundFormat.WAV: 5e-4, SoundFormat.MP3: 0.15}


def song(rate: int = 44_100, duration_s: float = 3.0) -> Sound:
    mono = np.resize(buzzing_voice(1.0), round(duration_s * rate))
    return Sound(np.stack([mono, 0.5 * mono]).astype(np.float32), rate)


def tags_of(path: Path) -> dict[str, str]:
    with av.open(str(path)) as opened:
        found = dict(opened.metadata) | dict(opened.streams.audio[0].metadata)
    return {name.lower(): value for name, value in found.items()}


@pytest.fixture(scope="module")
def decoder() -> GuardedDecoder:
    with GuardedDecoder(processes=1) as started:
        yield started


@pytest.mark.parametrize("sound_format", list(SoundFormat))
def test_what_is_written_sounds_the_same_and_says_that_a_machine_sang(
    sound_format: SoundFormat, tmp_path: Path, decoder: GuardedDecoder
) -> None:
    path, sound = tmp_path / f"out.{sound_format}", song()

    write_sound(path, sound, MADE_BY, sound_format)

    read = decoder.decode(path.read_bytes())
    error = read.waveform[:, : sound.waveform.shape[1]] - sound.waveform
    assert read.sample_rate == 44_100
    assert read.waveform.shape == sound.waveform.shape
    assert np.sqrt(np.mean(error**2) / np.mean(sound.waveform**2)) < FAITHFUL[sound_format]
    tags = tags_of(path)
    assert (tags["title"], tags["artist"]) == ("봄날의 노래", "Ann Ägir")
    assert tags["comment"].startswith("AI-generated")
    assert "world-retrieval 1" in tags["comment"]
    assert "0.1.0" in tags["comment"]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("sound_format", list(SoundFormat))
def test_the_same_song_is_written_in_the_same_bytes(sound_format: SoundFormat, tmp_path: Path) -> None:
    sound = song(duration_s=1.0)

    for name in ("first", "second"):
        write_sound(tmp_path / name, sound, MADE_BY, sound_format)

    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    # libogg passes over every page whose checksum is wrong.
    assert len(soundfile.read(tmp_path / "second")[0]) >= sound.waveform.shape[1]


def test_four_minutes_of_ogg_are_written_whole(tmp_path: Path) -> None:
    long = Sound(np.resize(song().waveform[:1], (1, 240 * 16_000)), 16_000)

    write_sound(tmp_path / "long.ogg", long, MADE_BY, SoundFormat.OGG)

    with av.open(str(tmp_path / "long.ogg")) as opened:
        assert opened.duration / av.time_base == pytest.approx(240.0, abs=0.01)


def test_rates_that_mp3_does_not_know_are_resampled(tmp_path: Path) -> None:
    write_sound(tmp_path / "out.mp3", song(rate=40_000), MADE_BY, SoundFormat.MP3)

    with av.open(str(tmp_path / "out.mp3")) as opened:
        assert opened.streams.audio[0].rate == 44_100


def test_what_passes_full_scale_is_clipped_not_wrapped(tmp_path: Path, decoder: GuardedDecoder) -> None:
    loud = Sound(3.0 * song().waveform, 44_100)

    write_sound(tmp_path / "loud.wav", loud, MadeBy("e", "v"), SoundFormat.WAV)

    read = decoder.decode((tmp_path / "loud.wav").read_bytes())
    assert np.allclose(read.waveform, np.clip(loud.waveform, -1, 1), atol=1e-4)


@pytest.mark.parametrize("sound_format", SoundFormat)
def test_a_write_that_fails_leaves_what_was_there_and_says_why(sound_format: SoundFormat, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"what was there")

    with files_of_at_most(20_000), pytest.raises(UnavailableError, match="no file of more than 20000 bytes") as failed:
        write_sound(path, song(), MADE_BY, sound_format)

    assert failed.value.reason == "OUTPUT_NOT_WRITTEN"
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="nowhere"):
        write_sound(tmp_path / "nowhere" / "out.ogg", song(), MADE_BY, SoundFormat.OGG)
