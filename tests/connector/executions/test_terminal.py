"""Text as people and models read it."""

import pytest

from connector.executions.terminal import shown, with_cells, without_escapes


@pytest.mark.parametrize(
    ("written", "visible"),
    [
        ("plain\n", "plain\n"),
        ("\x1b[1;31mred\x1b[0m\n", "red\n"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1b=\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"),
        ("cut \x1b[3", "cut "),
        ("\r 1%\r50%\r100%\n", "100%\n"),
        ("first bar\n\rsecond bar  0%\x1b[A\rfirst bar 2\n\rsecond bar 99%\x1b[A", "first bar 2\nsecond bar 99%"),
        ("a\nb\nc\x1b[2A\rA\x1b[2B\rC", "A\nb\nC"),
    ],
)
def test_what_a_terminal_would_show_remains(written: str, visible: str) -> None:
    """Carriage returns and cursor movements are applied, other escape sequences removed."""
    assert shown(written) == visible


def test_moves_beyond_the_text_stay_within_it() -> None:
    """Whatever their number is, no lines are added."""
    assert shown("a\x1b[999999999Ab\x1b[999999999Bc") == "abc"


def test_text_that_is_not_written_to_a_terminal_keeps_its_returns() -> None:
    """Messages of exceptions, for example."""
    assert without_escapes("\x1b[31ma\rb\x1b[0m") == "a\rb"


def test_cells_are_named_as_in_a_notebook() -> None:
    """By their number if it is known."""
    text = '  File "/tmp/ipykernel_12/345.py", line 1\n/tmp/ipykernel_12/678.py:2: Warning\n345.py and 99.py'
    assert with_cells(text, {"345": 3}) == '  File "Cell In[3]", line 1\n<cell>:2: Warning\nCell In[3] and 99.py'
    assert with_cells("<ipython-input-7-0a1b2c>", {}) == "Cell In[7]"
