"""A second pair of hands: what it does where, in which order, and that it leaves torch's threads as they were."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import torch
from threadpoolctl import ThreadpoolController, threadpool_info

from singalike.embeddings.side_by_side import helper, torch_threads
from tests.support.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def threads() -> Iterator[int]:
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def test_with_two_threads_the_work_is_done_beside_the_caller() -> None:
    torch.set_num_threads(2)
    met = threading.Barrier(2, timeout=PATIENCE_S)

    with helper() as hands:
        place = hands.submit(lambda: met.wait() >= 0 and threading.get_ident())
        met.wait()  # would break if the caller had to finish first

        assert place.result() != threading.get_ident()


def test_with_one_thread_the_caller_does_it_at_once() -> None:
    torch.set_num_threads(1)

    with helper() as hands:
        place = hands.submit(threading.get_ident)

        assert place.done()
        assert place.result() == threading.get_ident()


@pytest.mark.parametrize("allowed", [1, 2])
def test_work_is_done_in_order_so_later_work_may_wait_for_earlier(allowed: int) -> None:
    torch.set_num_threads(allowed)

    with helper() as hands:
        first = hands.submit(lambda: 20)
        second = hands.submit(lambda: first.result() + 1)

        assert second.result() == 21


@pytest.mark.parametrize(("allowed", "each"), [(2, 1), (3, 1), (4, 2)])
def test_each_has_half_of_the_threads_and_the_caller_gets_its_own_back(allowed: int, each: int) -> None:
    torch.set_num_threads(allowed)

    with helper() as hands:
        assert torch.get_num_threads() == each
        assert hands.submit(torch.get_num_threads).result() == each

    assert torch.get_num_threads() == allowed


def test_a_large_network_beside_the_rest_may_have_all_threads() -> None:
    torch.set_num_threads(2)

    def within() -> tuple[int, int]:
        with torch_threads(2):
            inside = torch.get_num_threads()
        return inside, torch.get_num_threads()

    with helper() as hands:
        assert hands.submit(within).result() == (2, 1)


@pytest.mark.parametrize("allowed", [1, 2])
def test_an_error_reaches_the_caller_and_the_threads_come_back(allowed: int) -> None:
    torch.set_num_threads(allowed)

    with pytest.raises(ZeroDivisionError), helper() as hands:
        hands.submit(lambda: 1 // 0).result()

    assert torch.get_num_threads() == allowed


def numpys_blas() -> ThreadpoolController:
    """Without scipy's own, which may be loaded by now and has a number of its own."""
    (file,) = (library["filepath"] for library in threadpool_info() if "numpy.libs" in library["filepath"])
    return ThreadpoolController().select(filepath=file)


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in numpys_blas().info()}


def set_blas_threads(count: int) -> None:
    """In a thread that ends: OpenBLAS obeys no other one as long as the one that set a number lives."""
    setter = threading.Thread(target=lambda: numpys_blas().limit(limits=count))
    setter.start()
    setter.join()


@pytest.fixture
def two_blas_threads() -> Iterator[None]:
    (before,) = blas_threads()
    set_blas_threads(2)
    yield
    set_blas_threads(before)


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("allowed", [1, 2])
def test_numpy_has_its_own_threads_again_after_two_at_once(allowed: int) -> None:
    torch.set_num_threads(allowed)
    begun, left = threading.Event(), threading.Event()

    def come_later_and_stay_longer() -> None:
        with helper():
            begun.set()
            left.wait(PATIENCE_S)

    later = threading.Thread(target=come_later_and_stay_longer)
    with helper():
        later.start()
        begun.wait(PATIENCE_S)
        assert blas_threads() == {1}
    left.set()
    later.join()

    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_numpy_has_its_own_threads_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), helper():
        raise ZeroDivisionError

    assert blas_threads() == {2}


@pytest.mark.parametrize("allowed", [1, 2])
def test_work_that_has_not_begun_by_the_end_of_the_block_is_done_all_the_same(allowed: int) -> None:
    torch.set_num_threads(allowed)

    with helper() as hands:
        hands.submit(threading.Event().wait, 0.1)  # long enough for the block to end meanwhile
        late = hands.submit(lambda: "done")

    assert late.result(0) == "done"


def leave_after_an_error(left: list[Future[bool]]) -> None:
    begun, given_up = threading.Event(), threading.Event()
    with helper() as hands:
        left.append(hands.submit(lambda: begun.set() is None and given_up.wait(PATIENCE_S)))
        left.append(hands.submit(lambda: True))
        left[1].add_done_callback(lambda _: given_up.set())
        begun.wait(PATIENCE_S)
        raise KeyError


def test_work_that_nobody_waits_for_is_given_up_after_an_error() -> None:
    torch.set_num_threads(2)
    left: list[Future[bool]] = []

    with pytest.raises(KeyError):
        leave_after_an_error(left)

    assert left[0].result() is True
    assert left[1].cancelled()
