"""How the server's time is divided."""

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from emulator.session_pool.engines.shared.intake import CHUNK_BYTES, Intake, Outcome
from emulator.session_pool.engines.shared.pace import Allowance, Slice, pace


def in_loop(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def test_large_work_takes_a_fifth_of_the_time_while_requests_arrive():
    """Whoever it is for, as a callback or as a coroutine: all turns are in one row."""

    async def work() -> None:
        times: list[float] = []

        def take() -> None:
            pace().request_arrived()
            times.append(asyncio.get_running_loop().time())
            time.sleep(0.002)
            times.append(asyncio.get_running_loop().time())

        async def wait_and_take() -> None:
            await pace().turn()
            take()

        pace().request_arrived()
        for _ in range(4):
            pace().call(take)
        await asyncio.gather(*(wait_and_take() for _ in range(4)))
        for begin, end, next_begin in zip(times[::2], times[1::2], times[2::2], strict=False):
            assert next_begin - end >= 4 * (end - begin)

    in_loop(work())


def test_large_work_does_not_wait_if_no_requests_arrive():
    """One turn follows the other, in order, and one that is canceled does not take place."""

    async def work() -> None:
        done: list[int] = []
        turns = [pace().call(lambda number=number: done.append(number)) for number in range(100)]  # type: ignore[misc]
        turns[50].cancel()
        for _ in range(300):
            await asyncio.sleep(0)
        assert done == [number for number in range(100) if number != 50]

    in_loop(work())


@pytest.mark.parametrize("is_spent", [False, True])
def test_an_endless_flood_is_read_a_slice_at_a_time(is_spent):
    """Between two slices, the loop does everything else that is to do."""

    async def work() -> None:
        reading, writing = os.pipe()
        os.write(writing, b"x")
        slices = 0

        def read(_: Slice) -> Outcome:
            nonlocal slices
            slices += 1
            return "more"

        allowance = Allowance()
        if not is_spent:
            allowance.renew()
        intake = Intake(reading, read, allowance)
        for _ in range(50):
            before = slices
            await asyncio.sleep(0)
            assert slices - before <= 1
        while slices < 3:
            await asyncio.sleep(0.001)
        intake.close()
        os.close(reading)
        os.close(writing)

    in_loop(work())


def test_a_session_that_has_sent_enough_waits_for_the_server():
    """Its pipe is not read meanwhile, so that it fills."""

    async def work() -> None:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        pace().request_arrived()
        pace().call(lambda: None, 100)  # as if others had taken much time
        intake = Intake(reading, lambda _: pytest.fail("it was read"), Allowance())
        with pytest.raises(BlockingIOError):
            while True:
                os.write(writing, bytes(CHUNK_BYTES))
                await asyncio.sleep(0.001)
        intake.close()
        os.close(reading)
        os.close(writing)

    in_loop(work())
