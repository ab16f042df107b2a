"""Serves an Azure Functions app (Python, v2 model, HTTP triggers) over HTTP, with the behavior of the real host."""

from .loading import FunctionAppError
from .serving import DEFAULT_MAX_BODY_BYTES, FunctionsHost

__all__ = ["DEFAULT_MAX_BODY_BYTES", "FunctionAppError", "FunctionsHost"]
