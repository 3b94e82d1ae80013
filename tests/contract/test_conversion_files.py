"""What the folder of conversions does with files: whole or not there, for the owner only, and erased without a rest."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.errors import CapacityError, NotFoundError, UnavailableError
from singalike.services.adapters.conversion_files import ConversionFiles
from singalike.services.adapters.private_files import write_whole
from tests.support.conversion_stores import outcome
from tests.support.file_limits import files_of_at_most
from tests.support.folders import quick_folder

CONTENT = "ab" * 32
VOCAL = f"{CONTENT}-0123456789abcdef"


@pytest.fixture
def root() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder / "data" / "conversions"


@pytest.fixture
def files(root: Path) -> ConversionFiles:
    return ConversionFiles(root)


def all_files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def noise(peak: float, channels: int = 2, samples: int = 100_000) -> Sound:
    waveform = np.random.default_rng(3).standard_normal((channels, samples)).astype(np.float32)
    return Sound(waveform * np.float32(peak / np.abs(waveform).max()), 44_100)


def test_pieces_come_back_bit_by_bit_in_another_process_too(root: Path, files: ConversionFiles) -> None:
    arrays = {
        "waveform": noise(1.0).waveform[0],
        "f0_hz": np.array([np.nan, 220.0]),
        "place": np.arange(6).reshape(2, 3).T,
    }

    files.pieces("c-1").save("key-rendered-0", arrays)
    loaded = ConversionFiles(root).pieces("c-1").load("key-rendered-0")

    assert loaded is not None
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert np.array_equal(loaded[name], array, equal_nan=array.dtype.kind == "f")
        assert loaded[name].dtype == array.dtype
    assert files.pieces("c-2").load("key-rendered-0") is None
    assert files.pieces("c-1").load("key-rendered-1") is None


@pytest.mark.parametrize("name", ["../../escaped", "a/b", "", "x" * 500, "목소리"])
def test_no_name_of_a_piece_leads_out_of_its_folder(root: Path, files: ConversionFiles, name: str) -> None:
    files.pieces("c-1").save(name, {"numbers": np.ones(3)})

    loaded = files.pieces("c-1").load(name)

    assert loaded is not None
    assert [path.parent for path in root.parent.parent.rglob("*") if path.is_file()] == [root / "work" / "c-1"]


def test_a_damaged_piece_is_made_again(root: Path, files: ConversionFiles) -> None:
    files.pieces("c-1").save("key", {"numbers": np.ones(3)})
    (root / "work" / "c-1" / "key.safetensors").write_bytes(b"torn")

    damaged = files.pieces("c-1").load("key")
    files.pieces("c-1").save("key", {"numbers": np.zeros(3)})
    again = files.pieces("c-1").load("key")

    assert damaged is None
    assert again is not None
    assert not again["numbers"].any()


@pytest.mark.parametrize("peak", [0.7, 1.0, 1.9, 9.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_vocal_is_loaded_as_it_was_returned_and_hardly_differs_from_what_was_saved(
    root: Path, files: ConversionFiles, peak: float, channels: int
) -> None:
    vocal = noise(peak, channels)

    kept = files.save_vocal(VOCAL, vocal)
    loaded = ConversionFiles(root).load_vocal(VOCAL)

    assert loaded is not None
    assert np.array_equal(loaded.waveform, kept.waveform)
    assert (loaded.sample_rate, loaded.waveform.dtype, loaded.waveform.shape) == (
        44_100,
        np.float32,
        vocal.waveform.shape,
    )
    assert np.abs(kept.waveform - vocal.waveform).max() <= max(peak, 1.0) * 2.0**-22
    assert files.save_vocal(VOCAL, kept).waveform.tobytes() == kept.waveform.tobytes()


def test_a_silent_vocal_is_kept_too(files: ConversionFiles) -> None:
    kept = files.save_vocal(VOCAL, Sound(np.zeros((1, 1000), np.float32), 8_000))
    loaded = files.load_vocal(VOCAL)

    assert loaded is not None
    assert loaded.waveform.shape == kept.waveform.shape == (1, 1000)
    assert not loaded.waveform.any()


def test_a_vocal_that_is_not_there_or_damaged_is_separated_again(root: Path, files: ConversionFiles) -> None:
    files.save_vocal(VOCAL, noise(0.5))
    path = root / "stems" / f"{VOCAL}.flac"
    path.write_bytes(path.read_bytes()[:5000])

    assert files.load_vocal(VOCAL) is None
    assert files.load_vocal(f"{CONTENT}-other") is None


def test_vocals_go_with_the_song_that_they_are_of(root: Path, files: ConversionFiles) -> None:
    other = "cd" * 32
    for name in (VOCAL, f"{CONTENT}-fedcba9876543210", f"{other}-0123456789abcdef"):
        files.save_vocal(name, noise(0.5, 1, 1000))
    (root / "stems" / f".{VOCAL}.flac.0011.part").write_bytes(b"left by a killed worker")

    before = files.vocal_contents()
    files.erase_vocals(CONTENT)

    assert before == {CONTENT, other}
    assert all_files(root) == {f"stems/{other}-0123456789abcdef.flac"}


def test_a_finished_song_is_found_and_its_pieces_go(root: Path, files: ConversionFiles) -> None:
    files.pieces("c-1").save("key", {"numbers": np.ones(3)})
    path = files.song_path("c-1", "ogg")
    path.write_bytes(b"a song")
    path.with_name(".song.ogg.1234.part").write_bytes(b"left by a killed worker")

    files.drop_pieces("c-1")

    assert files.find_song("c-1") == path
    assert all_files(root) == {"songs/c-1/song.ogg"}


def test_an_erased_conversion_leaves_nothing_and_others_stay(root: Path, files: ConversionFiles) -> None:
    for conversion_id in ("c-1", "c-2"):
        files.pieces(conversion_id).save("key", {"numbers": np.ones(3)})
        files.song_path(conversion_id, ".flac").write_bytes(b"a song")
    files.song_path("c-3", "ogg")

    known = files.conversion_ids()
    files.erase("c-1")
    files.erase("c-1")
    files.erase("c-3")

    assert known == {"c-1", "c-2", "c-3"}
    assert files.conversion_ids() == {"c-2"}
    assert all_files(root) == {"work/c-2/key.safetensors", "songs/c-2/song.flac"}
    assert outcome(lambda: files.find_song("c-1")) == "SONG_NOT_FOUND"


def test_a_worker_that_has_not_heard_of_the_erasure_brings_nothing_back(root: Path, files: ConversionFiles) -> None:
    pieces = files.pieces("c-1")
    pieces.save("first", {"numbers": np.ones(3)})
    files.erase("c-1")

    with pytest.raises(NotFoundError) as refusal:
        pieces.save("second", {"numbers": np.ones(3)})

    assert refusal.value.reason == "CONVERSION_NOT_FOUND"
    assert pieces.load("first") is None
    assert all_files(root) == set()


def test_erasing_while_a_worker_writes_leaves_nothing(root: Path, files: ConversionFiles) -> None:
    pieces, begun = files.pieces("c-1"), threading.Event()

    def work() -> object:
        for number in range(10_000):
            pieces.save(f"key-{number}", {"numbers": np.ones(3)})
            begun.set()
        return None

    reasons: list[object] = []
    worker = threading.Thread(target=lambda: reasons.append(outcome(work)))
    worker.start()
    begun.wait()
    files.erase("c-1")
    worker.join()

    assert reasons == ["CONVERSION_NOT_FOUND"]
    assert list((root / "work").iterdir()) == []


def test_what_a_killed_process_was_erasing_goes_when_the_folder_is_opened_next(
    root: Path, files: ConversionFiles
) -> None:
    files.pieces("c-1").save("key", {"numbers": np.ones(3)})
    (root / "work" / "c-1").rename(root / "work" / ".erased-0011")

    ConversionFiles(root)

    assert list((root / "work").iterdir()) == []


def test_an_erasing_that_did_not_come_to_its_end_is_finished_by_who_sweeps(root: Path, files: ConversionFiles) -> None:
    files.pieces("c-1").save("key", {"numbers": np.ones(3)})
    (root / "work" / "c-1").rename(root / "work" / ".erased-0011")

    assert files.conversion_ids() == frozenset()
    assert list((root / "work").iterdir()) == []


@pytest.mark.parametrize("conversion_id", ["", "..", "../work", "a/b", ".erased-0011", "c\0"])
def test_an_id_that_no_conversion_has_is_never_made_a_path(files: ConversionFiles, conversion_id: str) -> None:
    for call in (files.pieces, files.erase, files.find_song, files.drop_pieces):
        assert outcome(lambda call=call: call(conversion_id)) == "CONVERSION_NOT_FOUND"
    assert outcome(lambda: files.song_path(conversion_id, "ogg")) == "CONVERSION_NOT_FOUND"


def test_only_the_owner_may_look_into_the_folder(root: Path, files: ConversionFiles) -> None:
    files.pieces("c-1").save("key", {"numbers": np.ones(3)})
    files.save_vocal(VOCAL, noise(0.5, 1, 1000))
    files.song_path("c-1", "ogg")

    rights = {path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert rights == {0o700, 0o600}


def test_a_nearly_full_disk_is_said_before_anything_is_written(root: Path) -> None:
    files = ConversionFiles(root, min_free_disk_mb=10**9)

    assert outcome(lambda: files.pieces("c-1").save("key", {"numbers": np.ones(3)})) == "DISK_FULL"
    assert outcome(lambda: files.save_vocal(VOCAL, noise(0.5, 1, 1000))) == "DISK_FULL"
    assert outcome(lambda: files.song_path("c-1", "ogg")) == "DISK_FULL"
    assert all_files(root) == set()


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, CapacityError), (errno.EDQUOT, CapacityError), (errno.EIO, UnavailableError)],
)
def test_a_write_that_fails_says_why_and_leaves_the_old_file(
    tmp_path: Path, number: int, error: type[Exception]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write(part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(number, "said by the disk")

    with pytest.raises(error):
        write_whole(path, write)

    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"file": b"old"}


def test_where_files_may_not_grow_the_limit_is_told_and_nothing_is_left(root: Path, files: ConversionFiles) -> None:
    pieces, numbers, vocal = files.pieces("c-1"), {"numbers": np.ones(10_000)}, noise(0.5)

    for save in (lambda: pieces.save("key", numbers), lambda: files.save_vocal(VOCAL, vocal)):
        with files_of_at_most(50_000), pytest.raises(UnavailableError, match="no file of more than 50000") as refusal:
            save()
        assert refusal.value.reason == "FILES_UNAVAILABLE"

    assert all_files(root) == set()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UnavailableError) as refusal:
        ConversionFiles(tmp_path / "file" / "conversions")

    assert refusal.value.reason == "FILES_UNAVAILABLE"
