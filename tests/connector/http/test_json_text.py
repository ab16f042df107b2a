"""What is wrong with a body that is almost JSON, in one sentence, and what to write instead."""

import gzip

import pytest

from connector.errors import InvalidRequest
from connector.http.json_text import parsed

EXAMPLE = '{"pythonCode": "print(6 * 7)"}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"pythonCode": "a\nb"}', ["a line break", "line 1, column 18", r"Write it as \n."]),
        (b'{"pythonCode": "a\r\nb"}', ["a line break", r"Write it as \r."]),
        (b'{\n "pythonCode": "if x:\n\tpass"}', ["a line break", "line 2, column 22"]),
        (b'{"pythonCode": "a\tb"}', ["a tab", r"Write it as \t."]),
        (b'{"pythonCode": "a\x1bb"}', ["a control character", r"Write it as \u001b."]),
        (b"{'pythonCode': '1'}", ["single quote", "line 1, column 2", "double quotes"]),
        (b"""'{"pythonCode": "1"}'""", ["single quote", "column 1"]),
        (b'{"pythonCode": "1",}', ["comma", "Remove"]),
        (b'{"files": [1, ]}', ["comma", "Remove"]),
        (b'{"a": 1,, "b": 2}', ["comma", "Remove"]),
        (b'{"a": True}', ["True", "Write true."]),
        (b'{"a": False}', ["Write false."]),
        (b'{"a": None}', ["Write null."]),
        (b'{"a": undefined}', ["Write null."]),
        (b"{pythonCode: 1}", ["the name pythonCode", "double quotes"]),
        ("{\u201cpythonCode\u201d: 1}".encode(), ["quotation mark \u201c", "plain double quotes"]),
        (b'{"pythonCode": "print("x")"}', [r"Write it as \"", "workflow", "expression"]),
        (b'{"pythonCode": "" " + 1}', [r"a comma is missing"]),
        (b'{"a": 1 "b": 2}', ["comma is missing"]),
        (b'{"pythonCode": "C:\\data"}', ["single backslash", "column 19", "\\\\"]),
        (rb"{\"pythonCode\": 1}", ["backslash outside a text"]),
        (b'{"a": 0x10}', ["number", "decimal digits"]),
        (b'{"a": 060}', ["number", "leading zeros"]),
        (b'{"a": +60}', ["number", "plus sign"]),
        (b'{"a": .5}', ["number", "decimal digits"]),
        (b'{"a": 1_000}', ["number", "separators"]),
        (b'{"a": 1,000}', ["number", "separators"]),
        (b'{"a": 60s}', ["number", "unit"]),
        (b'{"a": 5.}', ["number", "decimal digits"]),
        (b'{"a": , "b": 1}', ["a value is missing", "column 7", "or null"]),
        (b'{"a":}', ["a value is missing", "or null"]),
        (b'{"a" = 1}', ["a colon is missing", "column 6"]),
        (b'{"a" 1}', ["a colon is missing"]),
        (b'{"a": """x"""}', ["three double quotes", r"line breaks in it as \n."]),
        (b'{"a": `x`}', ["backtick", "double quotes"]),
        (b'```json\n{"a": 1}\n```', ["Markdown fence"]),
        (gzip.compress(b'{"a": 1}', mtime=0), ["gzip", "Content-Encoding: gzip"]),
        (b'{"pythonCode": "x', ["column 16", "no end"]),
        (b'{"pythonCode": 1', ["ends too early"]),
        (b'{"pythonCode":', ["ends too early"]),
        (b'{"a": 1} {"b": 2}', ["more after", "column 10", "one JSON object"]),
        (b'{"a": 1 // one\n}', ["comment", "Remove"]),
        (b"pythonCode=print(1)&x=1", ["form", EXAMPLE]),
        (b"print(6 * 7)", ["begins with 'print(6 * 7)'", EXAMPLE]),
        (b"<code/>", ["begins with", EXAMPLE]),
        (b'{"a": $x}', ["Expecting value", "line 1, column 7"]),
        (b"", ["empty", EXAMPLE]),
        (b" \r\n", ["empty", EXAMPLE]),
    ],
    ids=repr,
)
def test_a_mistake_is_named_with_its_place_and_remedy(text, words):
    """In two sentences at most."""
    with pytest.raises(InvalidRequest) as raised:
        parsed(text, EXAMPLE)
    message = raised.value.message
    for word in words:
        assert word in message, message
    assert message.endswith(".") and message.replace(EXAMPLE, "").count(". ") <= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding):
    """With a byte order mark and without: editors and PowerShell write both."""
    assert parsed('{"pythonCode": "\u00fc\U0001f600"}'.encode(encoding), EXAMPLE) == {"pythonCode": "\u00fc\U0001f600"}
