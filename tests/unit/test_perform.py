"""One conversion at work: its stages, its key, and how it goes on after it was stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.sound import Sound
from singalike.conversion.song import STAGES
from singalike.conversion.watermark import detect
from singalike.conversion.writing import SoundFormat
from singalike.errors import InvalidInputError, WrongStateError
from singalike.recsys.key_fit import choose_keys
from singalike.recsys.song_demands import singing_voice, song_demands
from singalike.services.conversion.perform import PerformTools, perform
from singalike.services.conversion.watermark_key import payload_of
from singalike.services.conversion_records import ConvertedSong
from singalike.services.records import Track, TrackInfo, TrackWithProfile
from tests.support import performing
from tests.support.performing import (
    CONVERSION_ID,
    EXECUTOR,
    KEY,
    CountingSeparator,
    HeardReports,
    KnownTracks,
    OneVoice,
    Workbench,
    ordered,
    profile_singing,
)
from tests.support.sung_takes import take

CANCELLED = WrongStateError("CONVERSION_CANCELLED", "it was cancelled")
TO_STOP = ordered(key_shift_semitones=3, sound_format=SoundFormat.FLAC)


def never() -> None:
    """Nobody cancels."""


def cancelled_after(calls: int) -> Callable[[], None]:
    """Return what lets some looks pass and raises at the next."""
    left = iter(range(calls))

    def check() -> None:
        if next(left, None) is None:
            raise CANCELLED

    return check


def reports(tools: PerformTools) -> HeardReports:
    assert isinstance(tools.conversions, HeardReports)
    return tools.conversions


def read(folder: Path, suffix: str = "flac") -> Sound:
    waveform, rate = soundfile.read(folder / f"{CONVERSION_ID}.{suffix}", dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(waveform.T), rate)


def test_a_song_goes_through_its_stages_and_comes_out_marked(tmp_path: Path) -> None:
    tools = performing.tools(tmp_path)

    song = perform(ordered(key_shift_semitones=-2, sound_format=SoundFormat.FLAC), EXECUTOR, tools, never)

    original, written = performing.band_and_voice(), read(tmp_path)
    said = reports(tools).said
    stages = [progress.stage for progress in said]
    assert list(dict.fromkeys(stages)) == [stage.value for stage in STAGES]
    assert [progress.share for progress in said] == sorted(progress.share for progress in said)
    assert all(progress.time_left_s is not None and progress.time_left_s >= 0 for progress in said)
    assert written.waveform.shape == original.waveform.shape
    assert (song.voice_shift_semitones, song.accompaniment_shift_semitones) == (-2.0, -2.0)
    assert (song.separator, song.duration_s) == ("repet-sim", pytest.approx(original.duration_s))
    assert reports(tools).key_shifts == [-2]
    found = detect(written, KEY)
    assert found.payload == payload_of(CONVERSION_ID) == 0x0011223344556677


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ConvertedSong:
    """What comes out when nothing happens."""
    return perform(TO_STOP, EXECUTOR, performing.tools(tmp_path_factory.mktemp("once")), never)


@pytest.mark.parametrize("calls", [1, 6, 12])
def test_a_conversion_that_was_stopped_anywhere_goes_on_and_makes_the_same(
    tmp_path: Path, calls: int, undisturbed: ConvertedSong
) -> None:
    tools = performing.tools(tmp_path)

    with pytest.raises(WrongStateError):
        perform(TO_STOP, EXECUTOR, tools, cancelled_after(calls))
    assert list(tmp_path.iterdir()) == []
    resumed = perform(TO_STOP, EXECUTOR, tools, never)

    assert resumed == undisturbed
    assert isinstance(tools.separator, CountingSeparator)
    assert tools.separator.asked == (2 if calls == 1 else 1)


def test_a_vocal_is_separated_once_for_all_voices(tmp_path: Path) -> None:
    tools = performing.tools(tmp_path)

    for shift in (0, 1):
        perform(ordered(key_shift_semitones=shift), EXECUTOR, tools, never)

    assert isinstance(tools.separator, CountingSeparator)
    assert isinstance(tools.folder, Workbench)
    assert tools.separator.asked == 1
    assert len(tools.folder.vocals) == 1


def test_the_key_is_the_one_that_is_recommended_for_the_voice(tmp_path: Path) -> None:
    target, song = profile_singing(45.0, 57.0), profile_singing(60.0, 70.0)
    track = Track(
        "t-1", "ann", TrackInfo("Ann", "A song"), performing.CONTENT, 8.0, "repet-sim", "ear", 1, performing.WHEN
    )
    tools = replace(
        performing.tools(tmp_path),
        targets=OneVoice(target),
        catalogue=KnownTracks({"t-1": TrackWithProfile(track, song)}),
    )

    made = perform(ordered(track_id="t-1"), EXECUTOR, tools, never)

    demands = song_demands(song.vocal_range.seconds_per_semitone[None], [None])
    recommended = int(choose_keys(demands, singing_voice(target)).shift[0])
    assert recommended < 0
    assert made.voice_shift_semitones == made.accompaniment_shift_semitones == recommended
    assert reports(tools).key_shifts == [recommended]


def test_a_song_that_is_a_voice_alone_is_not_separated(tmp_path: Path) -> None:
    tools = performing.tools(tmp_path, song=take(3, seconds=6.0), a_cappella=True)

    made = perform(ordered(octaves_only=True, sound_format=SoundFormat.WAV), EXECUTOR, tools, never)

    assert isinstance(tools.separator, CountingSeparator)
    assert tools.separator.asked == 0
    assert (made.separator, made.accompaniment_shift_semitones) == ("identity", 0.0)
    assert made.voice_shift_semitones % 12 == 0
    assert read(tmp_path, "wav").channels == 1


def test_the_channel_that_was_listened_to_is_converted(tmp_path: Path) -> None:
    voice = take(3, seconds=6.0)
    stereo = Sound(np.concatenate([np.zeros_like(voice.waveform), voice.waveform]), voice.sample_rate)
    tools = performing.tools(tmp_path, song=stereo, a_cappella=True, channel="right")

    perform(ordered(key_shift_semitones=0, sound_format=SoundFormat.FLAC), EXECUTOR, tools, never)

    assert np.abs(read(tmp_path).waveform).max() > 0.05


def test_a_song_in_which_nobody_sings_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, (2, 16_000 * 6)).astype(np.float32)
    tools = performing.tools(tmp_path, song=Sound(noise, 16_000))

    with pytest.raises(InvalidInputError) as refused:
        perform(ordered(), EXECUTOR, tools, never)

    assert refused.value.reason == "NO_SINGING"
