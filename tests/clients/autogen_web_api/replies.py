"""Models whose answers a test chooses."""

import json

from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient

MODEL_INFO = ModelInfo(vision=False, function_calling=True, json_output=False, family="unknown", structured_output=True)


def calls(*codes: str) -> CreateResult:
    """What a model returns that calls the tool with each of these programs."""
    content = [
        FunctionCall(id=f"call_{number}", name="CodeExecutor", arguments=json.dumps({"code": code}))
        for number, code in enumerate(codes)
    ]
    usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
    return CreateResult(finish_reason="function_calls", content=content, usage=usage, cached=False)


def replay(*answers: str | CreateResult) -> ReplayChatCompletionClient:
    """A model that gives these answers in turn."""
    return ReplayChatCompletionClient(list(answers), model_info=MODEL_INFO)
