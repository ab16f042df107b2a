"""Sessions without a pool, for tests of what the payload does inside them."""

from collections.abc import Iterator

import pytest

from tests.connector.in_session.kernels import Kernel, Kernels, running_kernels


@pytest.fixture(scope="package")
def kernels() -> Iterator[Kernels]:
    with running_kernels() as kernels:
        yield kernels


@pytest.fixture
def kernel(kernels: Kernels) -> Iterator[Kernel]:
    """The kernel of a new session."""
    with kernels.new() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def used_kernel(kernels: Kernels) -> Iterator[Kernel]:
    """One kernel for all tests of a module that have no effect on other tests."""
    with kernels.new() as kernel:
        yield kernel
