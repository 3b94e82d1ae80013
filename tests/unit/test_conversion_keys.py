"""The two keys of a conversion: where a song is moved to, and what its mark is made with."""

import stat
from pathlib import Path

import numpy as np
import pytest

from singalike.conversion.song import SongKey
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.conversion.song_key import choose_song_key, nearest_octaves
from singalike.services.conversion.watermark_key import KEY_FILE, find_watermark_key, payload_of, watermark_key
from singalike.services.conversion_records import ConversionOrder
from singalike.services.settings import Settings
from tests.support.performing import profile_singing

TARGET = profile_singing(45.0, 57.0)


def sung_at(midi: int) -> np.ndarray:
    return np.asarray(np.eye(128, dtype=np.float32)[midi] * 20)


def order(**said: object) -> ConversionOrder:
    return ConversionOrder("v-1", "t-1", "0" * 64, "world-retrieval", **said)  # type: ignore[arg-type]


def test_a_shift_that_is_asked_for_moves_voice_and_accompaniment() -> None:
    assert choose_song_key(order(key_shift_semitones=-4), sung_at(60), TARGET, 51.0) == SongKey(-4.0, -4.0)


def test_octaves_move_the_voice_alone_and_stay_chosen() -> None:
    chosen = choose_song_key(order(octaves_only=True), sung_at(65), TARGET, 51.0)
    resumed = choose_song_key(order(octaves_only=True, key_shift_semitones=-12), sung_at(65), TARGET, 51.0)

    assert chosen == resumed == SongKey(-12.0, 0.0)


@pytest.mark.parametrize(
    ("song_midi", "median_midi", "octaves"), [(60, 60.0, 0), (60, 66.5, 1), (60, 53.0, -1), (30, 90.0, 2)]
)
def test_the_nearest_octaves_are_within_reach(song_midi: int, median_midi: float, octaves: int) -> None:
    assert nearest_octaves(sung_at(song_midi), median_midi) == 12.0 * octaves


def test_a_song_of_which_nothing_is_known_stays_where_it_is() -> None:
    nothing = np.zeros(128, np.float32)

    assert choose_song_key(order(), nothing, TARGET, 51.0) == SongKey()
    assert choose_song_key(order(octaves_only=True), nothing, TARGET, 51.0) == SongKey()


def test_a_key_that_is_set_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, watermark_key="a secret of sixteen")  # type: ignore[arg-type]

    assert watermark_key(settings) == b"a secret of sixteen"
    assert list(tmp_path.iterdir()) == []


def test_without_one_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new", watermark_key="")  # type: ignore[arg-type]

    assert find_watermark_key(settings) is None
    made = watermark_key(settings)

    path = tmp_path / "new" / KEY_FILE
    assert watermark_key(settings) == find_watermark_key(settings) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("abc")

    with pytest.raises(WrongStateError) as refused:
        watermark_key(Settings(data_dir=tmp_path, watermark_key=""))  # type: ignore[arg-type]

    assert refused.value.reason == "WATERMARK_KEY_DAMAGED"


def test_a_short_key_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as refused:
        watermark_key(Settings(data_dir=tmp_path, watermark_key="short"))  # type: ignore[arg-type]

    assert refused.value.reason == "WATERMARK_KEY_TOO_SHORT"


def test_a_mark_says_the_first_half_of_the_conversions_id() -> None:
    assert f"{payload_of('c-' + 'ab' * 16):016x}" == "ab" * 8
