"""JSON from outside, with a bound on its values: in memory, each takes up to thirty times as much as in the text.

The bound is checked before the text is parsed. It knows nothing of requests and sessions.
"""

import re

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)
_BEFORE_VALUES = "[{,"


def has_more_values(text: str, most: int) -> bool:
    """Whether a JSON text has more than `most` values, those in objects and lists included. Linear in the text.

    A value follows a bracket, a brace or a comma. Those within texts do not count; most texts have so few that it need
    not be known which these are.
    """
    if sum(map(text.count, _BEFORE_VALUES)) <= most:
        return False
    values = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        values += token[0] in _BEFORE_VALUES
        if values > most or number > 3 * most + 3:  # each value has a text and a name at most
            return True
    return False
