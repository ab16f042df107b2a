"""Text that a run writes, bounded and as a terminal shows it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.in_session.payload.streams import Text, collapse_lines, omission
from connector.in_session.protocol import MAX_STREAM_CHARACTERS

HALF = MAX_STREAM_CHARACTERS // 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain\ntext", "plain\ntext"),
        ("\r10%\r20%\rdone\n", "done\n"),
        ("10%\r", "10%"),
        ("long line\rshort", "shortline"),
        ("lines of\r\nWindows\r\n", "lines of\r\nWindows\r\n"),
        ("two returns\r\r\n", "two returns\r\r\n"),
        ("a\rb\nc\rd", "b\nd"),
        ("\x1b[31m10%\x1b[0m\r\x1b[32mdone\x1b[0m", "done"),
        ("long line\r\x1b[Kshort", "short"),
        ("long line\r\x1b[2Kshort", "short"),
        ("1/2\b\b\b2/2", "2/2"),
        ("a bar\r     \r", ""),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\ \x1b[38;5;9mred\x1b[m", "link red"),
        ("\r\r\r", ""),
    ],
)
def test_carriage_returns_are_collapsed_to_the_last_state(written: str, shown: str) -> None:
    """As in a terminal, whether the text is written at once or in pieces."""
    assert collapse_lines(written) == shown
    for size in (1, 2, 3):
        text = Text()
        for start in range(0, len(written), size):
            text.write(written[start : start + size])
        assert text.read() == (shown, 0)


@given(st.lists(st.text(alphabet="ab\r\n", max_size=6), max_size=12))
@settings(max_examples=300, deadline=None)
def test_pieces_give_the_same_text(pieces: list[str]) -> None:
    """However the text is divided."""
    text = Text()
    for piece in pieces:
        text.write(piece)
    assert text.read() == (collapse_lines("".join(pieces)), 0)


@pytest.mark.parametrize("piece", [7, 1000, 700_000])
def test_a_long_text_keeps_its_beginning_and_end(piece: int) -> None:
    """Half of the limit each, with a mark that states how much is omitted."""
    written = "".join(chr(97 + number % 26) for number in range(2_000_000))
    text = Text()
    for start in range(0, len(written), piece):
        text.write(written[start : start + piece])
    shown, omitted = text.read()
    assert omitted == len(written) - MAX_STREAM_CHARACTERS
    assert shown == written[:HALF] + omission(omitted) + written[-HALF:]


def test_a_progress_bar_takes_no_room() -> None:
    """A hundred thousand states are one line."""
    text = Text()
    for number in range(100_000):
        text.write(f"\r{number:>9} of many, which is a long line of text for a bar")
    shown, omitted = text.read()
    assert omitted == 0 and shown.startswith("    99999")


def test_raw_text_is_unchanged() -> None:
    """A value is not terminal output."""
    text = Text(is_raw=True)
    text.write("a\rb")
    assert text.read() == ("a\rb", 0)
