"""Fixtures for the tests of the AutoGen web API."""

import concurrent.futures
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from autogen_core.models import ChatCompletionClient
from programs import Program

from examples.autogen_web_api.app import create_app
from examples.autogen_web_api.model import Model, make_model
from examples.autogen_web_api.settings import Settings

from .servers import ConnectorAlone, serving


@pytest.fixture
def start_app(connector: Any) -> Iterator[Callable[..., str]]:
    """Returns a function that serves the app until the end of the test, and returns its address. Without `client`, the
    scripted model answers, which runs any Python that a message has between ```python and ```.
    """
    with ExitStack() as stack:

        def start(client: ChatCompletionClient | None = None, **settings: Any) -> str:
            options = {"connector_url": connector.url, "connector_key": connector.key, **settings}
            model = make_model if client is None else lambda _: Model(client, "replay")
            return stack.enter_context(serving(create_app(Settings(**options), model=model)))

        yield start


@pytest.fixture(scope="session")
def small_connector() -> Iterator[dict[str, str]]:
    """The settings of a connector whose pool has a single session: a second one is proof that the first was ended."""
    program = Program("emulator", "--keys", "--port", "0", "--pool-port", "0", "--max-sessions", "1")
    yield {"connector_url": program.output["connector"], "connector_key": program.output["function key"]}
    program.terminate()
    program.wait()


@pytest.fixture
def connector_alone(pool: Any) -> Iterator[ConnectorAlone]:
    """A connector that can be killed and started again, while its pool goes on."""
    alone = ConnectorAlone(pool.endpoint, pool.identity)
    yield alone
    alone.kill()


@pytest.fixture
def in_background():
    """Returns a function that calls a function in a thread, and returns its future."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as threads:
        yield threads.submit
