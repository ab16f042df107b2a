"""Results of operations as the content of tools: text first, then images."""

from ..errors import ConnectorError
from ..models import Execution
from .protocol import Json


def execution_result(execution: Execution) -> Json:
    parts = [f"Status: {execution.status}", f"Session ID: {execution.session_id}", execution.result, execution.stdout]
    if execution.error is not None:
        parts.append(f"{execution.error.name}: {execution.error.message}")
    result: Json = {"content": [{"type": "text", "text": "\n".join(filter(None, parts))}]}
    return {**result, "isError": True} if execution.status == "Failed" else result


def failure_result(failure: ConnectorError) -> Json:
    """Of an operation that was refused, or failed."""
    return {"content": [{"type": "text", "text": f"{failure.code}: {failure.message}"}], "isError": True}
