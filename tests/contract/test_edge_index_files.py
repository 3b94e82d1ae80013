"""The files of an edge index: one owner, every damage found, nothing of the erased left."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from singalike.errors import SingalikeError, UnavailableError, WrongStateError
from singalike.services.adapters import edge_files, edge_index
from singalike.services.adapters.edge_files import copy_sparse
from singalike.services.adapters.edge_index import EdgeIndex
from singalike.services.adapters.edge_shard import EdgeShard
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.index_follower import Finding, IndexFollower
from singalike.services.index_points import checksum
from tests.support.catalogue_entries import EAR, add_track
from tests.support.damage import damage
from tests.support.fake_ear import FakeEar
from tests.support.folders import quick_folder
from tests.support.index_points import STYLE_DIM, TIMBRE_DIM, make_points

EAR_DIMS = (FakeEar().timbre_dim, FakeEar().style_dim)
SEEDS = 8  # benchmarks/damage_index.py does a hundred


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


def _open(folder: Path) -> EdgeIndex:
    return EdgeIndex(folder / "index", TIMBRE_DIM, STYLE_DIM)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_damage_is_found_at_start_and_the_index_rebuilt(folder: Path, seed: int) -> None:
    catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
    for number in range(4):
        add_track(catalogue, number)
    index = EdgeIndex(folder / "index", *EAR_DIMS)
    IndexFollower(catalogue, index, EAR).start()
    index.close()

    what = damage(folder / "index", seed)
    index = EdgeIndex(folder / "index", *EAR_DIMS)
    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.DAMAGED, True), what
    assert index.state() == catalogue.expected_index_state(EAR)
    index.close()
    catalogue.close()


def test_a_removed_index_is_built_again(folder: Path) -> None:
    index = _open(folder)
    index.upsert(make_points(5))
    index.close()
    shutil.rmtree(folder / "index")

    index = _open(folder)

    assert index.state().count == 0
    index.close()


def test_an_index_of_other_dimensions_says_so_and_can_be_cleared(folder: Path) -> None:
    _open(folder).close()
    index = EdgeIndex(folder / "index", TIMBRE_DIM + 1, STYLE_DIM)

    with pytest.raises(WrongStateError) as refusal:
        index.state()
    index.clear()

    assert refusal.value.reason == "INDEX_DAMAGED"
    assert index.state().count == 0
    index.close()


def test_only_one_process_owns_a_shard(folder: Path) -> None:
    index = _open(folder)

    with pytest.raises(WrongStateError) as refusal:
        _open(folder)
    index.close()

    assert refusal.value.reason == "INDEX_LOCKED"
    _open(folder).close()


def test_a_closed_index_says_so(folder: Path) -> None:
    index = _open(folder)
    index.close()

    with pytest.raises(WrongStateError) as refusal:
        index.upsert(make_points(1))

    assert refusal.value.reason == "INDEX_CLOSED"


def test_what_was_marked_is_there_after_opening_again(folder: Path) -> None:
    points = make_points(40)
    index = _open(folder)
    index.upsert(points)
    index.mark(3, "ear-1")
    before = index.state()
    index.close()

    index = _open(folder)

    assert index.state() == before
    assert before.checksum == checksum(points)
    index.close()


def test_what_was_erased_is_gone_from_the_files_after_optimising(folder: Path) -> None:
    points = make_points(40)
    erased = points[10]
    index = _open(folder)
    index.upsert(points)
    index.mark(1, "ear-1")

    index.delete([erased.point_id])
    index.optimize()
    index.close()

    traces = (erased.timbre.tobytes(), erased.style.tobytes())
    holding = [path for path in folder.rglob("*") if path.is_file() and any(t in path.read_bytes() for t in traces)]
    assert holding == []


def _failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


NO_PLACE, LOST = OSError(errno.ENOSPC, "No space left on device"), UnavailableError("INDEX_FAILED", "lost its files")


@pytest.mark.parametrize(
    ("owner", "name", "error", "reason"),
    [
        (edge_index, "EdgeShard", LOST, "INDEX_FAILED"),
        (EdgeShard, "flush", LOST, "INDEX_FAILED"),
        (os, "fsync", NO_PLACE, "DISK_FULL"),
        (edge_files, "_digest", OSError(errno.EIO, "Input/output error"), "INDEX_FAILED"),
        (edge_files, "_copy_file", NO_PLACE, "DISK_FULL"),
        (edge_index, "_start_optimizer", OSError(errno.EAGAIN, "Try again"), "INDEX_FAILED"),
    ],
)
def test_an_optimisation_that_failed_is_made_up_for_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: Exception, reason: str
) -> None:
    points = make_points(40)
    index = _open(folder)
    index.upsert(points)
    index.mark(1, "ear-1")
    index.delete([points[10].point_id])

    with monkeypatch.context() as broken:
        broken.setattr(owner, name, _failing(error))
        with pytest.raises(SingalikeError) as refusal:
            index.optimize()
    left = [path.name for path in (folder / "index").iterdir() if path.is_dir()]
    index.optimize()
    index.close()

    trace = points[10].timbre.tobytes()
    assert refusal.value.reason == reason
    assert left == ["shard-1"]
    assert [path for path in folder.rglob("*") if path.is_file() and trace in path.read_bytes()] == []
    index = _open(folder)
    assert index.state().checksum == checksum(points[:10] + points[11:])
    index.close()


def test_a_folder_that_somebody_left_does_not_stand_in_the_way(folder: Path) -> None:
    points = make_points(40)
    index = _open(folder)
    index.upsert(points)
    index.delete([1])
    (folder / "index" / "shard-2").mkdir()
    (folder / "index" / "shard-2" / "rest").touch()

    index.optimize()

    assert index.state().checksum == checksum(points[1:])
    assert [path.name for path in (folder / "index").glob("shard-*")] == ["shard-3"]
    index.close()


def test_files_that_cannot_be_saved_do_not_stay_locked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = _open(folder)
    index.upsert(make_points(5))

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _failing(NO_PLACE))
        with pytest.raises(SingalikeError) as refusal:
            index.close()

    assert refusal.value.reason == "DISK_FULL"
    _open(folder).close()


def test_changes_during_an_optimisation_are_not_lost(folder: Path) -> None:
    points = make_points(60)
    index = _open(folder)
    index.upsert(points[:40])
    index.delete([1])
    index.mark(1, "ear-1")
    optimizing = threading.Thread(target=index.optimize)

    optimizing.start()
    index.upsert(points[40:])
    index.delete([2])
    (hits,) = index.search(points[5].timbre[None], "timbre", 1)
    optimizing.join()

    assert hits[0].point_id == points[5].point_id
    assert index.state().checksum == checksum(points[2:])
    index.close()


def test_closing_gives_up_a_running_optimisation(folder: Path) -> None:
    points = make_points(40)
    index = _open(folder)
    index.upsert(points)
    index.delete([1])
    index.mark(1, "ear-1")
    optimizing = threading.Thread(target=index.optimize)

    optimizing.start()
    index.close()
    optimizing.join()

    index = _open(folder)
    assert index.state().checksum == checksum(points[1:])
    index.close()


CRASHING = """
import os, signal, sys
from pathlib import Path
from singalike.services.adapters.edge_index import EdgeIndex
from tests.support.index_points import STYLE_DIM, TIMBRE_DIM, make_points

index = EdgeIndex(Path(sys.argv[1]), TIMBRE_DIM, STYLE_DIM)
points = make_points(400)
index.upsert(points[:200])
index.mark(1, "ear-1")
if sys.argv[2] == "changing":
    index.upsert(points[200:])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["idle", "changing"])
def test_a_killed_owner_leaves_what_was_marked_or_an_index_that_is_known_to_be_damaged(
    folder: Path, moment: str
) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    killed = subprocess.run(
        [sys.executable, "-c", CRASHING, str(folder / "index"), moment], env=environment, check=False
    )

    index = _open(folder)

    assert killed.returncode == -signal.SIGKILL
    if moment == "idle":
        assert (index.state().revision, index.state().checksum) == (1, checksum(make_points(400)[:200]))
    else:
        with pytest.raises(WrongStateError, match="damaged"):
            index.state()
    index.close()


def test_holes_stay_holes_in_a_copy(tmp_path: Path) -> None:
    source = tmp_path / "source" / "inner"
    source.mkdir(parents=True)
    with (source / "file").open("wb") as file:
        file.seek(50_000_000)
        file.write(b"end")
        file.truncate(60_000_000)

    copy_sparse(tmp_path / "source", tmp_path / "copy")

    copy = tmp_path / "copy" / "inner" / "file"
    assert copy.read_bytes() == (source / "file").read_bytes()
    assert copy.stat().st_blocks * 512 < 1_000_000
