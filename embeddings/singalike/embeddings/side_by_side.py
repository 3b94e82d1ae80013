"""Independent parts of one recording in two threads at once, where torch may use two.

Most of what an ear computes are small operations. A second thread inside each of them shortens none by much, and where
another process wants a core both wait for each other at every one. But torch and numpy let go of the interpreter while
they compute, so whole parts can run beside each other, each with half of the threads: of two, one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import ParamSpec, TypeVar

import torch
from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
T = TypeVar("T")


class _AtOnce(Executor):
    """Does what it is given before it answers."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(work(*args, **kwargs))
        return future


@contextmanager
def helper() -> Iterator[Executor]:
    """Give a second pair of hands while the block lasts, or one's own where torch may use a single thread.

    A thread that computes with torch for the first time meanwhile takes the halved number of threads, and keeps it.

    Yields:
        What does the work submitted, in that order; all of it is done when the block has ended without an error. An
        error of the work comes out of `result`, or out of `submit` where it is done at once.
    """
    allowed = torch.get_num_threads()
    # numpy's products are small here: its own threads would spend more time on waiting than they save.
    with _one_blas_thread():
        if allowed == 1:
            yield _AtOnce()
            return
        half = allowed // 2
        # torch keeps a number of threads for each thread, and a new one would take that of its last call anywhere.
        hands = ThreadPoolExecutor(1, "singalike-ear", initializer=torch.set_num_threads, initargs=(half,))
        with torch_threads(half):
            try:
                yield hands
            except BaseException:
                hands.shutdown(cancel_futures=True)
                raise
            # What was submitted is wanted, also where the thread has not come round to it by the end of the block.
            hands.shutdown()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let the calling thread compute with so many threads of torch while the block lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def is_beside(hands: Executor) -> bool:
    """Say whether work is done beside one's own, so that parting it pays."""
    return not isinstance(hands, _AtOnce)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Keep numpy's products to one thread while the block lasts, unless another block does so already.

    The limit belongs to the process: a second one would take that of the first for what to give back.
    """
    if not _LIMITING.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1):
            yield
    finally:
        _LIMITING.release()


_LIMITING = Lock()


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
