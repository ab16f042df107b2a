"""Long texts, and strings that come as literals."""

import ast
import random

import pytest

from emulator.session_pool.sessions.text import Literal, Text, Unquoted

LONG = "aé\ud800😀\n" * 100_000


def test_a_text_is_what_was_written():
    """In memory and in a file, from any pieces, also with characters that are not Unicode."""
    text = Text()
    for start in range(0, len(LONG), 77_777):
        text.write(LONG[start : start + 77_777])
    assert str(text) == "".join(text.pieces()) == LONG
    assert text.characters == len(LONG)
    assert max(len(piece.encode("utf-8", "surrogatepass")) for piece in text.pieces()) <= 1 << 16


def test_only_a_short_text_is_shown_as_a_string():
    """A long one stays where it is."""
    assert Text("abc").shown() == "abc"
    long = Text(LONG)
    assert long.shown() is long


def test_the_first_bytes_of_a_long_text():
    """Half a character at the end is replaced."""
    assert str(Text("é" * 200_000).first_bytes(199_999)) == "é" * 99_999 + "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("alphabet", ["ab", "\\", "'\\n", "\"'\\", "\0\x7f\n\ud800", "\u200b\U0010ffff😀é", "\\xuU01"])
def test_a_literal_in_pieces_is_its_string(alphabet):
    """Wherever the pieces end."""
    string = "".join(random.Random(1).choices(alphabet, k=150_000))
    source, literal = repr(string), Literal()
    for start in range(0, len(source), 8191):
        literal.feed(source[start : start + 8191])
    assert literal.is_complete
    assert str(Unquoted(Text(source))) == string == ast.literal_eval(source)


@pytest.mark.parametrize(
    "text", ["", "'", "'a", "a'", "'a' 'b'", "'a'b'", "[1]", "'a\nb'", "'\\'", "'\\x1'", "'\\U00110000'"]
)
def test_what_is_not_one_literal(text):
    """Also where only the end shows it."""
    literal = Literal()
    for character in text:
        literal.feed(character)
    assert not literal.is_complete
