"""langchain: the example with create_agent and langchain-mcp-adapters."""

from mcp_conversation import ASKED, check_output, conversation


def test_conversation(run_agent):
    """The model is given texts, images, and the error of its code with line and hint."""
    check_output(run_agent("langchain_mcp.py", conversation(images=True), *ASKED))
