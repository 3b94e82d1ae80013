"""The index inside this process: Qdrant's embedded engine, one owner, rebuilt from the catalogue when in doubt."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from singalike.embeddings.profile import Vectors
from singalike.errors import SingalikeError, UnavailableError, WrongStateError
from singalike.services.adapters.edge_files import (
    EdgeState,
    copy_sparse,
    damaged,
    file_digests,
    file_errors,
    lock_folder,
    read_state,
    write_state,
)
from singalike.services.adapters.edge_shard import EdgeShard
from singalike.services.adapters.index_payload import FULL_SCAN_KB
from singalike.services.index_points import check_points, check_search, checksum, refuse_full_disk
from singalike.services.ports import NO_FILTER, IndexFilter, IndexHit, IndexPoint, IndexState

FLUSH_POINTS = 5_000
FLUSH_S = 5.0
BATCH = 1_000
BYTES_PER_POINT = 4_096
"""Generous allowance for payload and graph, on top of the vectors."""

Change = Callable[[EdgeShard], None]


class EdgeIndex:
    """A folder with a lock, a state file and the shard in force; see `singalike.services.ports.VoiceIndex`.

    An index that is damaged opens all the same: `state` says so, and `clear` makes it usable again.

    Args:
        folder: Owned by this process until `close`.
        timbre_dim, style_dim: Lengths of the vectors.
        min_free_disk_mb: Writes are refused when less would be left on the disk, in MiB.
        clock: Monotonic seconds.

    Raises:
        WrongStateError: INDEX_LOCKED.
    """

    def __init__(
        self,
        folder: Path,
        timbre_dim: int,
        style_dim: int,
        min_free_disk_mb: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._dims = {"timbre": timbre_dim, "style": style_dim}
        self._min_free_bytes = min_free_disk_mb * 2**20
        self._clock = clock
        self._writing = threading.RLock()  # order of changes; held long by flushes
        self._using = threading.RLock()  # the shard in force; held for moments, searches need it
        self._optimizing = threading.Lock()
        self._journal: list[Change] | None = None  # changes that the copy being optimised lacks
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._unflushed, self._flushed_at = 0, clock()
        self._state = EdgeState("", timbre_dim, style_dim)
        self._shard: EdgeShard | None = None
        self._damage: WrongStateError | None = None
        self._owner = lock_folder(folder)
        try:
            self._open()
        except WrongStateError as error:
            self._damage = error
        except SingalikeError:
            self._owner.close()
            raise

    def state(self) -> IndexState:
        """Read every point; raises WrongStateError INDEX_DAMAGED."""
        with self._writing:
            count, total = 0, 0
            for point in self._in_force().points():
                count += 1
                total += checksum([point])
            return IndexState(count, total % 2**64, self._state.revision, self._state.model_version)

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace points.

        Raises:
            InvalidInputError: Vectors that cannot be searched.
            CapacityError: DISK_FULL.
        """
        check_points(points, self._dims["timbre"], self._dims["style"])
        self._refuse_full_disk(len(points) * (4 * sum(self._dims.values()) + BYTES_PER_POINT))
        for first in range(0, len(points), BATCH):
            batch = list(points[first : first + BATCH])
            self._change(partial(EdgeShard.upsert, points=batch), added=len(batch))

    def delete(self, point_ids: Sequence[int]) -> None:
        """Remove points; unknown ids are ignored."""
        if point_ids:
            ids = list(point_ids)
            self._change(partial(EdgeShard.delete, point_ids=ids), deleted=len(ids))

    def mark(self, revision: int, model_version: str) -> None:
        """Flush to disk, then remember up to where the catalogue has been followed."""
        with self._writing:
            self._state = replace(self._state, revision=revision, model_version=model_version)
            self._save(self._in_force())

    def search(self, vectors: Vectors, space: str, limit: int, where: IndexFilter = NO_FILTER) -> list[list[IndexHit]]:
        """Find the nearest segments of each row of `vectors` (queries, dim)."""
        queries = check_search(vectors, space, limit, self._dims)
        with self._using:
            return self._in_force().search(queries, space, limit, where)

    def optimize(self) -> None:
        """Build the search graph beside the running searches, then swap; returns at once when nothing changed.

        Raises:
            UnavailableError: INDEX_OPTIMIZE_FAILED; the index goes on without the graph.
        """
        if not self._optimizing.acquire(blocking=False):
            return
        try:
            if self._worth_optimizing():
                self._optimize()
        finally:
            self._journal, self._child = None, None
            self._optimizing.release()

    def clear(self) -> None:
        """Forget everything, also what is damaged."""
        with self._writing:
            self._stop_child()
            self._release_shard()
            self._remove_folders(keep="")
            self._create()
            self._damage = None

    def close(self) -> None:
        """Flush and let go of the files; a running `optimize` is given up."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            self._stop_child()
            # Files that cannot be saved must not keep the folder locked: the next owner finds out and rebuilds.
            with closing(self._owner):
                try:
                    if self._shard is not None:
                        self._save(self._shard)
                finally:
                    self._release_shard()

    @property
    def _state_file(self) -> Path:
        return self._folder / "state.json"

    def _open(self) -> None:
        if not self._state_file.exists() and not any(self._folder.glob("shard-*")):
            self._create()
            return
        self._state = read_state(self._state_file)
        folder = self._folder / self._state.shard
        if (self._state.timbre_dim, self._state.style_dim) != tuple(self._dims.values()):
            raise damaged("its vectors have other lengths")
        try:
            digests = file_digests(folder)
        except UnavailableError as error:
            raise damaged("its files cannot be read") from error
        if digests != self._state.files:
            raise damaged("its files are not what was written")
        self._remove_folders(keep=folder.name)
        try:
            self._shard = EdgeShard(folder, *self._dims.values())
        except UnavailableError as error:
            raise damaged("its files cannot be loaded") from error

    def _create(self) -> None:
        self._refuse_full_disk(0)
        folder = self._next_folder()
        self._shard = EdgeShard(folder, *self._dims.values())
        self._state = EdgeState(folder.name, self._dims["timbre"], self._dims["style"])
        self._save(self._shard)

    def _remove_folders(self, keep: str) -> None:
        """Remove what a crash or damage left behind; a copy that an orphaned optimiser still writes goes as well."""
        for folder in (*self._folder.glob("shard-*"), *self._folder.glob("building-*")):
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _next_folder(self) -> Path:
        taken = (path.name for path in self._folder.glob("shard-*"))
        numbers = (name.removeprefix("shard-") for name in (self._state.shard, *taken))
        return self._folder / f"shard-{max((int(number) for number in numbers if number.isdecimal()), default=0) + 1}"

    def _in_force(self) -> EdgeShard:
        if self._damage is not None:
            raise self._damage
        if self._shard is None or self._closed:
            raise WrongStateError("INDEX_CLOSED", "the index is closed: open it again")
        return self._shard

    def _change(self, change: Change, added: int = 0, deleted: int = 0) -> None:
        with self._writing:
            with self._using:
                change(self._in_force())
            if self._journal is not None:
                self._journal.append(change)
            self._state = replace(self._state, added=self._state.added + added, deleted=self._state.deleted + deleted)
            self._unflushed += added + deleted
            if self._unflushed >= FLUSH_POINTS or self._clock() - self._flushed_at >= FLUSH_S:
                self._flush(self._in_force())

    def _flush(self, shard: EdgeShard) -> None:
        shard.flush()
        self._unflushed, self._flushed_at = 0, self._clock()

    def _save(self, shard: EdgeShard) -> None:
        """Put the shard and then the state file on disk; a crash in between is found at the next start."""
        self._flush(shard)
        self._state = replace(self._state, files=file_digests(shard.folder))
        write_state(self._state_file, self._state)

    def _worth_optimizing(self) -> bool:
        """Deleted points must leave the files; a graph is only worth it where reading everything is slow."""
        with self._writing:
            if self._closed or self._shard is None:
                return False
            vector_bytes = self._shard.count() * 4 * max(self._dims.values())
            return self._state.deleted > 0 or (self._state.added > 0 and vector_bytes >= FULL_SCAN_KB * 1024)

    def _optimize(self) -> None:
        with self._writing:
            shard = self._in_force()
            self._flush(shard)
            building, done = self._start_copy(shard), self._state
        assert self._child is not None
        status = self._child.wait()
        with self._writing:
            if self._closed or self._shard is not shard:  # closed or cleared meanwhile: the copy is of no use
                shutil.rmtree(building, ignore_errors=True)
            elif status != 0:
                shutil.rmtree(building, ignore_errors=True)
                raise UnavailableError("INDEX_OPTIMIZE_FAILED", f"the optimiser ended with status {status}: try again")
            else:
                self._swap(shard, building, done)

    def _start_copy(self, shard: EdgeShard) -> Path:
        """Copy the shard and let a child optimise the copy; from here on changes go to the journal as well."""
        with file_errors():
            self._refuse_full_disk(2 * _used_bytes(shard.folder))
            # A name of its own: the optimiser of an owner that was killed may still be writing to another.
            building = Path(tempfile.mkdtemp(prefix="building-", dir=self._folder))
            try:
                copy_sparse(shard.folder, building)
                self._journal = []
                self._child = _start_optimizer(building, *self._dims.values())
            except BaseException:
                shutil.rmtree(building, ignore_errors=True)
                raise
        return building

    def _swap(self, old: EdgeShard, building: Path, done: EdgeState) -> None:
        """Let the copy take over once it is on disk with all that changed meanwhile, or leave no trace of it."""
        target, fresh = self._next_folder(), None
        try:
            with file_errors():
                building.rename(target)
            fresh = EdgeShard(target, *self._dims.values())
            for change in self._journal or ():
                change(fresh)
            self._flush(fresh)
            state = replace(
                self._state,
                shard=target.name,
                added=self._state.added - done.added,
                deleted=self._state.deleted - done.deleted,
                files=file_digests(target),
            )
            write_state(self._state_file, state)
        except BaseException:
            if fresh is not None:
                with suppress(UnavailableError):
                    fresh.close()
            self._remove_folders(keep=old.folder.name)
            raise
        with self._using:
            self._shard, self._state = fresh, state
        try:
            old.close()
        finally:
            self._remove_folders(keep=target.name)

    def _stop_child(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _release_shard(self) -> None:
        with self._using:
            shard, self._shard = self._shard, None
            if shard is not None:
                shard.close()

    def _refuse_full_disk(self, needed_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        refuse_full_disk(free_bytes, self._min_free_bytes + needed_bytes, "the index")


def _start_optimizer(folder: Path, timbre_dim: int, style_dim: int) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "singalike.services.adapters.edge_optimizer"]
    return subprocess.Popen(  # noqa: S603 - our own module, our own folder
        [*arguments, str(folder), str(timbre_dim), str(style_dim)],
        start_new_session=True,  # Ctrl-C is for the server, which gives the optimiser up by itself
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def _used_bytes(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
