"""What each type of action does."""

from workflow_player.actions.agent import AGENT
from workflow_player.actions.calls import CALLS
from workflow_player.actions.control import CONTROL
from workflow_player.actions.data_operations import DATA_OPERATIONS
from workflow_player.actions.interface import Handler
from workflow_player.actions.responses import RESPONSES
from workflow_player.actions.variables import VARIABLES

HANDLERS: dict[str, Handler] = {**AGENT, **CALLS, **CONTROL, **DATA_OPERATIONS, **RESPONSES, **VARIABLES}
"""By the type in a definition."""
