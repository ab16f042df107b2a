"""JSON of responses."""

import json

from connector.http.responses import json_response
from connector.models import Execution, File


def test_json_is_valid_unicode() -> None:
    """Whatever the text is, and wherever it is: strict readers accept every response. Characters are unchanged."""
    half = chr(0xD83D)
    execution = Execution(
        "session", "execution", "Succeeded", result="\U0001f600 \\ud83d", stdout=half,
        value={half: [half + chr(0xDE00)]}, files=[File(f"{half}.csv", "", 1, "text/csv")],
    )  # fmt: skip
    body = json.loads(json_response(execution).get_body())
    json.dumps(body, ensure_ascii=False).encode()
    assert (body["result"], body["value"], body["stdout"]) == (
        "\U0001f600 \\ud83d", {"\ufffd": ["\U0001f600"]}, "\ufffd",
    )  # fmt: skip
    assert body["files"][0]["fileName"] == "\ufffd.csv"
