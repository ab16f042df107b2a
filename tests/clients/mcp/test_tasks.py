"""The tasks extension: a long run is a task for a client that states that it knows these, and for no other."""

import pytest
from mcp.shared.exceptions import MCPError
from sdk_clients import Tools, connected, execution_id_of, text_of
from task_extension import Tasks, get_task

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio

MODERN = ["auto", "2026-07-28"]
LONG_RUN = "import time\nprint('started')\ntime.sleep(3)\n'done'"


@pytest.mark.parametrize("mode", MODERN)
async def test_a_long_run_is_a_task(connector, mode, session_id):
    """The SDK polls it, and returns what the tool would have returned."""
    extension = Tasks()
    async with connected(connector.url, connector.key, mode=mode, extensions=[extension]) as client:
        said = await Tools(client, session_id).said("ExecutePythonCode", pythonCode=LONG_RUN)
    assert "done" in said.split() and "started" in said.split()
    (created,) = extension.created
    assert created.status == "working"
    assert created.poll_interval_ms >= 1000
    assert {state.task_id for state in extension.states} == {created.task_id}
    assert [state.status for state in extension.states][-1] == "completed"


@pytest.mark.parametrize("mode", MODERN)
async def test_a_task_is_canceled(connector, mode, session_id):
    """Its run is stopped, and its session takes the next one."""
    extension = Tasks(cancels=True)
    async with connected(connector.url, connector.key, mode=mode, extensions=[extension]) as client:
        tools = Tools(client, session_id)
        code = "rows = 7\nimport time\ntime.sleep(600)"
        assert (await tools("ExecutePythonCode", pythonCode=code)).is_error
        assert [state.status for state in extension.states][-1] == "cancelled"
        assert "7" in (await tools.said("ExecutePythonCode", pythonCode="rows")).split()


@pytest.mark.parametrize("mode", MODERN)
async def test_a_task_that_fails_is_completed(connector, mode, session_id):
    """With a result that is an error, as without tasks."""
    extension = Tasks()
    async with connected(connector.url, connector.key, mode=mode, extensions=[extension]) as client:
        said = await Tools(client, session_id).refused("ExecutePythonCode", pythonCode=f"{LONG_RUN}\n1/0")
    assert "ZeroDivisionError" in said
    assert extension.states[-1].status == "completed"


async def test_a_short_run_is_no_task(connector, session_id):
    """Its result is the answer."""
    extension = Tasks()
    async with connected(connector.url, connector.key, extensions=[extension]) as client:
        assert "42" in (await Tools(client, session_id).said("ExecutePythonCode", pythonCode="6 * 7")).split()
    assert extension.created == []


async def test_without_the_extension_a_run_has_an_execution_id(impatient_tools):
    """A client that does not know tasks gets none, whatever its version."""
    result = await impatient_tools("ExecutePythonCode", pythonCode=LONG_RUN)
    assert execution_id_of(text_of(result))


@pytest.mark.parametrize("mode", MODERN)
async def test_an_unknown_task_is_an_error(connector, mode):
    """As are those of other deployments, whose IDs cannot be read."""
    async with connected(connector.url, connector.key, mode=mode, extensions=[Tasks()]) as client:
        with pytest.raises(MCPError) as raised:
            await get_task(client.session, "none")
    assert raised.value.code == -32602


async def test_tasks_need_the_extension(connector, mode):
    """A request that does not state it is refused; before 2026-07-28 there is no such method."""
    async with connected(connector.url, connector.key, mode=mode) as client:
        with pytest.raises(MCPError) as raised:
            await get_task(client.session, "none")
    assert raised.value.code == (-32601 if mode == "legacy" else -32021)
