"""Sections that together have no more than a number of characters in JSON."""

import random

import pytest

from connector.mcp.fitting import Section, fitted_text, json_characters


def test_what_fits_is_unchanged():
    """Headings and bodies are separated by lines."""
    text = fitted_text([Section("One"), Section("Two:", "\nbody\n"), Section("", "three")], 1000)
    assert text == "One\n\nTwo:\nbody\n\nthree"


def test_the_longest_bodies_are_truncated_alike():
    """Shorter ones are kept, and what is omitted is counted."""
    parts = [Section("A:", "a" * 100), Section("B:", "b" * 50_000), Section("C:", "c" * 90_000)]
    text = fitted_text(parts, 10_000)
    assert "a" * 100 in text
    assert abs(text.count("b") - text.count("c")) < 200
    assert text.count("characters") == 2
    assert 9_000 < json_characters(text) <= 10_000


def test_a_body_with_a_mark_keeps_one_mark():
    """It counts what both have omitted."""
    once = fitted_text([Section("A:", "a" * 50_000)], 20_000).removeprefix("A:\n")
    twice = fitted_text([Section("A:", once, is_truncated=True)], 10_000)
    assert twice.count("characters") == 1


@pytest.mark.parametrize("seed", range(20))
def test_any_texts_fit(seed):
    """Whatever their characters take in JSON."""
    chance = random.Random(seed)
    alphabet = ["a", "\n", "\x01", '"', "é", "漢", "😀", "\ud800"]
    parts = [
        Section(f"{number}:", chance.choice(alphabet) * chance.randrange(60_000), chance.random() < 0.3)
        for number in range(chance.randrange(1, 12))
    ]
    text = fitted_text(parts, 20_000)
    assert json_characters(text) <= 20_000
    text.encode()
