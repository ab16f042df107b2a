"""Durations in the ISO 8601 form of workflows, such as PT1H30M or P30D."""

import re

from workflow_player.errors import FlowError

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
UNIT_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400, "Week": 7 * 86400, "Month": 30 * 86400}


def seconds_of(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        raise FlowError(f"{text!r} is no duration such as PT1H30M")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
