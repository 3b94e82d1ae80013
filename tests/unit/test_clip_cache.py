"""The cache of generated clips, on real files."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.training.clip_cache import ClipCache, clip_key
from singalike.errors import InvalidInputError

CLIP_BYTES = 4_000 + 128
"""A clip of 1000 samples with the header of its file."""


def clip(number: int) -> np.ndarray:
    return np.full(1_000, number, dtype=np.float32)


def key(number: int) -> str:
    return clip_key(0, f"singer{number}", {"warp": 1.0})


def test_the_key_changes_with_seed_name_and_settings_and_with_nothing_else() -> None:
    one = clip_key(1, "a", {"warp": 1.0, "clips": 2})

    assert one == clip_key(1, "a", {"clips": 2, "warp": 1.0})
    assert len({one, clip_key(2, "a", {}), clip_key(1, "b", {}), clip_key(1, "a", {"warp": 1.1, "clips": 2})}) == 4


def test_a_clip_is_made_once_and_comes_back_exactly(tmp_path: Path) -> None:
    cache, made = ClipCache(tmp_path, 10**6), []

    def make() -> np.ndarray:
        made.append(1)
        return np.random.default_rng(0).normal(size=50).astype(np.float32)

    first, again = (cache.get_or_make(key(0), make) for _ in range(2))

    assert len(made) == 1
    np.testing.assert_array_equal(first, again)


def test_the_folder_stays_within_its_budget(tmp_path: Path) -> None:
    budget = 20 * CLIP_BYTES
    cache = ClipCache(tmp_path, budget)

    for number in range(100):
        cache.put(key(number), clip(number))
        assert cache.size_bytes() <= 1.05 * budget + CLIP_BYTES

    assert cache.get(key(99)) is not None
    assert cache.get(key(0)) is None


def test_what_was_read_lately_stays(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10 * CLIP_BYTES)
    for number in range(9):
        cache.put(key(number), clip(number))
        for path in tmp_path.glob("??/*.npy"):  # as if all of it had been written a while ago, in this order
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**12))

    cache.get(key(0))
    for number in range(9, 14):
        cache.put(key(number), clip(number))

    assert cache.get(key(0)) is not None
    assert cache.get(key(1)) is None


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10**6)
    cache.put(key(0), clip(0))
    path = next(tmp_path.glob("??/*.npy"))
    path.write_bytes(path.read_bytes()[:500])

    mended = cache.get_or_make(key(0), lambda: clip(7))

    np.testing.assert_array_equal(mended, clip(7))
    np.testing.assert_array_equal(ClipCache(tmp_path, 10**6).get(key(0)), clip(7))


def test_what_a_killed_writer_left_is_tidied_away(tmp_path: Path) -> None:
    left = tmp_path / "half.unfinished"
    left.write_bytes(bytes(5 * CLIP_BYTES))
    os.utime(left, ns=(0, 0))

    ClipCache(tmp_path, 5 * CLIP_BYTES).put(key(0), clip(0))

    assert not left.exists()


def test_several_writers_share_a_folder(tmp_path: Path) -> None:
    def work(first: int) -> None:
        cache = ClipCache(tmp_path, 8 * CLIP_BYTES)
        for number in range(60):
            value = (first + number) % 30
            np.testing.assert_array_equal(cache.get_or_make(key(value), lambda value=value: clip(value)), clip(value))

    failed: list[BaseException] = []

    def guarded(first: int) -> None:
        try:
            work(first)
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(7 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert not list(tmp_path.glob("*.unfinished"))
    assert ClipCache(tmp_path, 8 * CLIP_BYTES).size_bytes() <= 1.3 * 8 * CLIP_BYTES


def test_a_budget_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="give more than zero"):
        ClipCache(tmp_path, 0)
