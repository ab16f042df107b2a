"""The recipes as prompts: the MCP SDK for Python lists them, and gets what a person sends by picking one."""

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio


async def test_prompts_are_listed_and_got(client):
    """With the file of the person in the one message; the SDK accepts both results as those of its version."""
    prompts = (await client.list_prompts()).prompts
    assert len({prompt.name for prompt in prompts}) == len(prompts) >= 1
    for prompt in prompts:
        assert prompt.title and prompt.description
        assert not any(argument.required for argument in prompt.arguments)
    result = await client.get_prompt(prompts[0].name, {"file": "orders of March.csv"})
    (message,) = result.messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    assert message.content.text.startswith(prompts[0].description)
    assert "My file is orders of March.csv." in message.content.text


@pytest.mark.parametrize("name", ["nothing", "Übersicht"])
async def test_an_unknown_prompt_is_an_error_of_the_protocol(client, name):
    """Whatever its name; the client encodes it in a header."""
    with pytest.raises(MCPError) as raised:
        await client.get_prompt(name)
    assert raised.value.code == -32602
