"""openai: the example with the tool `mcp` of the Responses API, against a stand-in for OpenAI's side of it."""

from hosted_mcp import HostedMcpModel
from mcp_conversation import ASKED, check_output, conversation


def test_conversation(run_agent, monkeypatch):
    """The server is called with the key of the request, and the user is asked before a file gets an address."""
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "y")
    output = run_agent("openai_responses_mcp.py", conversation(images=False), *ASKED, model=HostedMcpModel)
    check_output(output)
    assert [prompt.split()[:2] for prompt in asked] == [["Allow", "ShareFile"]]
