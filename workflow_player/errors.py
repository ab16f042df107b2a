"""How a play can go wrong: the flow is not valid, an expression has no value, or an action fails."""

from typing import Any


class FlowError(Exception):
    """The flow would not be saved, or uses what the player does not know. The message names the action."""

    located = False

    def of(self, action: str) -> "FlowError":
        """The same, with the name of the innermost action that it is about."""
        if self.located:
            return self
        error = FlowError(f"{action}: {self}")
        error.located = True
        return error


class TemplateError(Exception):
    """An expression has no value. The action that evaluates it fails with the code InvalidTemplate."""


class ActionFailed(Exception):
    """An action has failed, with what run history shows of it; others may run after it."""

    def __init__(self, code: str, message: str, outputs: Any = None, status: str = "Failed") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.outputs = outputs
        self.status = status


class Terminated(Exception):
    """The action Terminate has ended the run."""

    def __init__(self, status: str, error: dict[str, Any] | None) -> None:
        super().__init__(status)
        self.status = status
        self.error = error
