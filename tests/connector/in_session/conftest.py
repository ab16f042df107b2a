"""Sessions without a pool, for tests of what the harness does inside of them."""

from collections.abc import Iterator

import pytest

from tests.connector.in_session.kernels import Kernel, Kernels, running_kernels


@pytest.fixture(scope="package")
def kernels() -> Iterator[Kernels]:
    with running_kernels() as kernels:
        yield kernels


@pytest.fixture
def kernel(kernels: Kernels) -> Iterator[Kernel]:
    """A new session's."""
    with kernels.new() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def used_kernel(kernels: Kernels) -> Iterator[Kernel]:
    """One for all tests of a module that leave nothing behind which others could see."""
    with kernels.new() as kernel:
        yield kernel
