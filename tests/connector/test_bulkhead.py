"""How much a process takes on at a time: threads for calls of the pool and for runs, and memory for large bodies."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from connector.bulkhead import SMALL_BYTES, Admission, Bulkhead
from connector.errors import ConnectorBusy

MB = 1_000_000


@pytest.mark.parametrize(
    ("threads", "calls", "runs"),
    [(1, 1, 1), (2, 1, 1), (4, 3, 3), (8, 7, 6), (16, 14, 12), (256, 224, 192)],
)
def test_an_eighth_of_the_threads_is_kept_free_of_calls_and_a_quarter_of_runs(threads, calls, runs):
    """Rounded up, but one thread is left for them."""
    with ExitStack() as requests:
        bulkhead = Bulkhead(threads, 1)
        for _ in range(runs):
            requests.enter_context(Admission(bulkhead, is_run=True)).enter_pool()
        for _ in range(calls - runs):
            requests.enter_context(Admission(bulkhead)).enter_pool()
        assert (bulkhead.calls, bulkhead.runs) == (calls, runs)


def test_what_exceeds_a_limit_is_refused_with_retry_after():
    """If none may wait, at once."""
    bulkhead = Bulkhead(2, 1)
    with Admission(bulkhead, is_run=True) as first, Admission(bulkhead, is_run=True) as second:
        first.enter_pool()
        first.enter_pool()  # has its place
        with pytest.raises(ConnectorBusy) as refusal:
            second.enter_pool()
    assert refusal.value.retry_after_seconds
    with Admission(bulkhead, is_run=True) as third:
        third.enter_pool()


def test_a_place_that_becomes_free_is_taken_by_a_request_that_waits():
    """Instead of being refused."""
    bulkhead = Bulkhead(16, 1)
    with ExitStack() as runs:
        taken = [runs.enter_context(Admission(bulkhead, is_run=True)) for _ in range(bulkhead.runs)]
        for run in taken:
            run.enter_pool()
        with Admission(bulkhead, is_run=True) as late, ThreadPoolExecutor(1) as thread:
            entered = thread.submit(late.enter_pool)
            taken[0].__exit__(None, None, None)
            entered.result(5)


def test_a_refused_run_leaves_its_place_to_others():
    """It may have taken one of those of runs when it finds none of those of calls."""
    bulkhead = Bulkhead(2, 1)
    with Admission(bulkhead) as call:
        call.enter_pool()
        with Admission(bulkhead, is_run=True) as run, pytest.raises(ConnectorBusy):
            run.enter_pool()
    with Admission(bulkhead, is_run=True) as run:
        run.enter_pool()


def test_large_bodies_are_limited_by_their_bytes():
    """Small ones are not counted, and are admitted always."""
    bulkhead = Bulkhead(8, 10 * MB)
    with Admission(bulkhead) as first, Admission(bulkhead) as second, Admission(bulkhead) as small:
        first.hold(8 * MB)
        small.hold(SMALL_BYTES)
        with pytest.raises(ConnectorBusy):
            second.hold(4 * MB)
        second.hold(2 * MB)


def test_one_body_is_admitted_whatever_its_size():
    """Otherwise it could never be sent."""
    bulkhead = Bulkhead(8, 10 * MB)
    for _ in range(2):
        with Admission(bulkhead) as only:
            only.hold(100 * MB)


def test_a_body_waits_for_memory_that_becomes_free():
    """A quarter of the memory may be waited for at a time."""
    bulkhead = Bulkhead(8, 10 * MB)
    first, second, third = Admission(bulkhead), Admission(bulkhead), Admission(bulkhead)
    first.hold(9 * MB)
    with ThreadPoolExecutor(1) as thread:
        waits = thread.submit(second.hold, 2 * MB)
        first.__exit__(None, None, None)
        waits.result(5)
    third.hold(8 * MB)


def test_what_is_taken_is_given_back_after_an_error():
    """Also by requests of many threads."""
    bulkhead = Bulkhead(8, 10 * MB)

    def fail(_: int) -> None:
        with Admission(bulkhead, is_run=True) as run:
            run.enter_pool()
            run.hold(2 * MB)
            raise LookupError

    with ThreadPoolExecutor(4) as threads:
        assert all(isinstance(call.exception(), LookupError) for call in [threads.submit(fail, n) for n in range(200)])
    with ExitStack() as runs:
        for _ in range(bulkhead.runs):
            runs.enter_context(Admission(bulkhead, is_run=True)).enter_pool()
        Admission(bulkhead).hold(10 * MB)


def test_a_request_can_become_a_run_before_its_first_call():
    """As its body shows; then it takes one of the places of runs, and returns it."""
    bulkhead = Bulkhead(16, 1)
    with ExitStack() as requests:
        for _ in range(bulkhead.runs):
            request = requests.enter_context(Admission(bulkhead))
            request.count_as_run()
            request.enter_pool()
        assert not bulkhead.acquire_place(is_run=True)
    assert bulkhead.acquire_place(is_run=True)


def test_a_request_that_has_a_place_keeps_it():
    """And returns that, and not the one of a run."""
    bulkhead = Bulkhead(2, 1)
    for _ in range(3):
        with Admission(bulkhead) as request:
            request.enter_pool()
            request.count_as_run()
    assert bulkhead.acquire_place(is_run=True)
    assert not bulkhead.acquire_place(is_run=True)
