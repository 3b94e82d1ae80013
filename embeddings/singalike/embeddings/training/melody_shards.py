"""Shards by their number: rendered ahead of need by worker processes, kept on disk while they may be needed again."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from singalike.embeddings.training.melody_clips import Material, Shard, load_material, make_shard
from singalike.embeddings.training.processes import OneProcess, Processes
from singalike.embeddings.training.run_folder import write_whole
from singalike.embeddings.training.tcae_training import HELD_OUT

Render = Callable[[int], "Future[Shard]"]


class ShardShelf:
    """Hands out shards in memory, from the folder, or rendered.

    A shard of a number is always the same, so a run that goes on after a kill finds on disk what it had, or renders it
    again.

    Args:
        render: Begins to render a shard.
        folder: Keeps the shards that are remembered, 1.8 MB each; older ones are deleted.
        remembered: Shards, counted back from the newest, that may be asked for again.
        ahead: Shards that are rendered before they are asked for.
        processes: Who trains with us; each process renders every so-manieth shard and passes it on.
    """

    def __init__(
        self, render: Render, folder: Path, remembered: int, ahead: int, processes: Processes | None = None
    ) -> None:
        self._render = render
        self._folder = folder
        self._remembered = remembered
        self._processes = processes or OneProcess()
        self._rank, self._world = self._processes.share.rank, self._processes.share.world
        self._ahead = ahead * self._world
        self._newest = -1
        self._here: dict[int, Shard] = {}
        self._coming: dict[int, Future[Shard]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, number: int) -> Shard:
        """Return a shard, waiting for it where it has to be rendered.

        All processes ask for the same shards in the same order, except for those held out, which each has for itself.
        """
        if number not in self._here:
            further = range(number + 1, number + 1 + self._ahead) if number < HELD_OUT else ()
            for needed in (number, *further):
                if self._owner(needed) == self._rank:
                    self._order(needed)
            self._here[number] = self._receive(number)
        if self._newest < number < HELD_OUT:
            self._newest = number
            self._forget()
        return self._here[number]

    def _order(self, number: int) -> None:
        if number not in self._here and number not in self._coming and not self._file(number).exists():
            self._coming[number] = self._render(number)

    def _owner(self, number: int) -> int:
        return self._rank if number >= HELD_OUT else number % self._world

    def _receive(self, number: int) -> Shard:
        owner = self._owner(number)
        shard = self._fetch(number) if owner == self._rank else None
        if number >= HELD_OUT:
            assert shard is not None
            return shard
        return self._processes.pass_on(shard, owner)

    def _fetch(self, number: int) -> Shard:
        if number not in self._coming:
            try:
                arrays = load(self._file(number).read_bytes())
                return Shard(arrays["mel"], arrays["midi_pitch"])
            except (SafetensorError, FileNotFoundError, KeyError):
                self._coming[number] = self._render(number)
        shard = self._coming.pop(number).result()
        write_whole(self._file(number), save({"mel": shard.mel, "midi_pitch": shard.midi_pitch}))
        return shard

    def _forget(self) -> None:
        oldest = self._newest - self._remembered + 1
        for number in [number for number in self._here if number < oldest]:
            del self._here[number]
        # A killed run goes on from a state saved a little earlier, and needs the shards that were remembered then.
        for number in range(max(oldest - 2 * self._remembered, 0), oldest - self._remembered):
            self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06d}.safetensors"


class _Worker:
    """What one worker process holds."""

    material: Material


def _start_worker(data: Path, cache: Path) -> None:
    Thread(target=_leave_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _Worker.material = load_material(data, cache)


def _leave_with_parent() -> None:
    """End this worker when the process that it works for was killed; its queue would keep it waiting for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(seed: int, number: int) -> Shard:
    shard = make_shard(_Worker.material, seed, number)
    return Shard(np.ascontiguousarray(shard.mel), np.ascontiguousarray(shard.midi_pitch))


@contextmanager
def rendering(data: Path, cache: Path, seed: int, workers: int = 1) -> Iterator[Render]:
    """Open worker processes that render shards while the block lasts.

    Args:
        data: Folder with the manifest.
        cache: See `load_material`, which must have filled it when there is more than one worker.
        seed: Of all shards.
        workers: Processes.
    """
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (data, cache)) as pool:
        try:
            yield lambda number: pool.submit(_work, seed, number)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
