"""A model client for trying the app without a model: a fixed script that writes real code, which really runs.

It chooses the code by words in the message, and answers with the output of the run. One of its programs has a mistake,
which it corrects as a model would: by the error that the connector returns.
"""

import json
import re
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelCapabilities,
    ModelInfo,
    RequestUsage,
    UserMessage,
)
from autogen_core.tools import Tool, ToolSchema
from pydantic import BaseModel

NOTICE = "No model is set, so a fixed script answers. Set OPENAI_API_KEY and OPENAI_MODEL, or AZURE_OPENAI_ENDPOINT."

_DATA = """\
from pathlib import Path
import pandas as pd

if not Path("sales.csv").exists():
    Path("sales.csv").write_text(
        "region,product,amount\\nNorth,Tea,120\\nSouth,Tea,80\\nNorth,Coffee,200\\nSouth,Coffee,150\\nWest,Tea,95\\n"
    )
sales = pd.read_csv("sales.csv")
"""
_SALES = f"""\
{_DATA}
sales.groupby("Region")["amount"].sum()
"""
_SALES_CORRECTED = """\
sales.columns = sales.columns.str.lower()
totals = sales.groupby("region")["amount"].sum()
totals
"""
_CHART = f"""\
{_DATA}
import matplotlib.pyplot as plt

sales.groupby("region")["amount"].sum().plot.bar(title="Sales by region")
plt.ylabel("amount")
plt.show()
"""
_TIME = """\
from datetime import datetime, timezone

now = datetime.now(timezone.utc)
print(now.strftime("%H:%M on %A, %d %B %Y (UTC)"))
"""
_SPEED = """\
miles, hours = 1575, 4.5
print(f"{miles / hours} miles per hour")
"""
_FILES = """\
from pathlib import Path

[path.name for path in sorted(Path(".").iterdir()) if path.is_file()]
"""
# The first whose words are in the message.
_SCRIPT = (
    (r"chart|plot|graph|diagram", _CHART),
    (r"sales|region|csv", _SALES),
    (r"\btime\b|\bdate\b|today", _TIME),
    (r"plane|speed|miles|mph", _SPEED),
    (r"\bfiles?\b", _FILES),
)
_OFFER = (
    "I am a script, not a model. I can run code for these: the time right now, the sales by region, a chart of them, "
    "how fast a plane flies that travels 1,575 miles in 4.5 hours, which files there are, and any Python between "
    "```python and ```."
)


class ScriptedModel(ChatCompletionClient):
    """Calls the first tool that it is given, once or, after the known mistake, twice."""

    component_type = "model"
    component_config_schema = BaseModel

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = (),
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """The next step of the script, as a function call or as text."""
        last = messages[-1]
        if isinstance(last, FunctionExecutionResultMessage):
            output = "\n".join(result.content for result in last.content)
            if "KeyError" in output and "Region" in output and tools:
                return _call(tools[0], _SALES_CORRECTED)
            return _text(f"The code ran. Its output:\n\n{output}" if output else "The code ran without output.")
        code = _code_for(last.content) if isinstance(last, UserMessage) and isinstance(last.content, str) else None
        return _call(tools[0], code) if code and tools else _text(_OFFER)

    async def create_stream(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = (),
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> AsyncGenerator[str | CreateResult, None]:
        """The same as one piece."""
        yield await self.create(messages, tools=tools)

    async def close(self) -> None:
        """Nothing to close."""

    def actual_usage(self) -> RequestUsage:
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    def total_usage(self) -> RequestUsage:
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    def count_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = ()) -> int:
        return 0

    def remaining_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = ()) -> int:
        return 1_000_000

    @property
    def capabilities(self) -> ModelCapabilities:
        raise NotImplementedError("Use model_info, which replaces it.")

    @property
    def model_info(self) -> ModelInfo:
        return ModelInfo(
            vision=False, function_calling=True, json_output=False, family="unknown", structured_output=False
        )


def _code_for(message: str) -> str | None:
    block = re.search(r"```(?:python|py)?\s*\n(.*?)```", message, re.DOTALL)
    if block:
        return block[1]
    return next((code for words, code in _SCRIPT if re.search(words, message, re.IGNORECASE)), None)


def _call(tool: Tool | ToolSchema, code: str) -> CreateResult:
    name = tool["name"] if isinstance(tool, dict) else tool.name
    call = FunctionCall(id=f"call_{uuid.uuid4().hex[:12]}", arguments=json.dumps({"code": code}), name=name)
    return CreateResult(finish_reason="function_calls", content=[call], usage=_NO_USAGE, cached=False)


def _text(text: str) -> CreateResult:
    return CreateResult(finish_reason="stop", content=text, usage=_NO_USAGE, cached=False)


_NO_USAGE = RequestUsage(prompt_tokens=0, completion_tokens=0)
