"""Services that flows call through connectors: the code interpreter, which is real, and stand-ins for the others."""

from workflow_player.services.code_interpreter import code_interpreter
from workflow_player.services.operations import Operation, Parameter, Service

__all__ = ["Operation", "Parameter", "Service", "code_interpreter"]
