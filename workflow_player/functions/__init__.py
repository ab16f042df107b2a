"""Functions of the workflow language, a module per family.

Source: Azure Logic Apps, "Reference guide to workflow expression functions". Functions of the reference that are not
here fail the play. `signatures.py` calls them; those that read the run are in `workflow_player/workflow_data.py`.
"""

from collections.abc import Callable
from typing import Any

from workflow_player.functions.collections import COLLECTIONS
from workflow_player.functions.conversion import CONVERSION
from workflow_player.functions.date_time import DATE_TIME
from workflow_player.functions.logic import LOGIC
from workflow_player.functions.math import MATH
from workflow_player.functions.objects import OBJECTS
from workflow_player.functions.text import TEXT
from workflow_player.functions.uris import URIS

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **COLLECTIONS,
    **CONVERSION,
    **DATE_TIME,
    **LOGIC,
    **MATH,
    **OBJECTS,
    **TEXT,
    **URIS,
}
"""By the name in the reference. They take values and return a value, or raise TemplateError."""
