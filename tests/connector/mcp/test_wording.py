"""Messages as models read them: they name no operation that is not a tool."""

import ast
import re
from pathlib import Path

import pytest

from connector.contract.validation import Contract
from connector.mcp.tools import TOOLS
from connector.mcp.wording import for_models

CONNECTOR = Path(__file__).resolve().parents[3] / "connector"
OTHER_OPERATIONS = Contract(max_code_characters=1).operations.keys() - {tool.name for tool in TOOLS}
NOT_CALLED = {"uploads.py"}
"""Only chunked uploads have these messages."""

MODULES = [
    path
    for part in ("executions", "files", "session_pool", "mcp", "bulkhead.py")
    for path in [CONNECTOR / part, *(CONNECTOR / part).rglob("*.py")]
    if path.is_file() and path.name not in NOT_CALLED | {"wording.py"}
]


def messages(module: ast.Module) -> list[str]:
    """All texts of a module except its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(module) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str) and " " in node.value]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CONNECTOR)))
def test_messages_name_tools_alone(path):
    """A model would call what it reads."""
    for message in messages(ast.parse(path.read_text(encoding="utf-8"))):
        named = set(re.findall(r"\w+", for_models(message)))
        assert not named & OTHER_OPERATIONS, message


def test_other_words_are_kept():
    """What replaces them makes sense."""
    full = "The session's disk is full. Delete files, or end the session with EndSession."
    assert for_models(full) == "The session's disk is full. Delete files, or use a new session."
    empty = "The session has no files. Upload them with UploadFile, with the same session ID."
    assert "with UploadFile or CreateUploadUrl, with the same" in for_models(empty)
    assert for_models("Call GetExecution in a moment.") == "Call GetExecution in a moment."
