"""Bicep's expressions become trees, and what is not known is an error, never skipped."""

import pytest

from azure_checks.expressions import (
    Access,
    Call,
    Choice,
    ExpressionParser,
    Index,
    Items,
    Loop,
    Name,
    Object,
    Operation,
    SyntaxMistake,
    Text,
    Value,
    tokens,
)


def parsed(text):
    parser = ExpressionParser(tokens(text))
    found = parser.expression()
    parser.expect("end")
    return found


def test_interpolations_are_read():
    """What stands in ${} is an expression of its own, with texts of its own."""
    text = parsed("'a${empty(b) ? 'c}' : d.e}f'")
    assert text.parts[0] == "a" and text.parts[2] == "f"
    assert text.parts[1] == Choice(1, Call(1, "empty", (Name(1, "b"),)), Text(1, ("c}",)), Access(1, Name(1, "d"), "e"))
    assert text.literal is None


def test_escapes_are_read():
    """A quote, a backslash and a dollar sign may stand in a text."""
    assert parsed(r"'it\'s \\ \${x} \n'").literal == "it's \\ ${x} \n"
    assert parsed("'''\nas it's: ${x}'''").literal == "as it's: ${x}"


def test_operators_bind_as_in_bicep():
    """! before ==, == before &&, && before ||, all before a choice."""
    tree = parsed("!a == b && c || d ? 1 : 2")
    assert isinstance(tree, Choice)
    either = tree.condition
    assert isinstance(either, Operation) and either.operator == "||"
    both = either.operands[0]
    assert isinstance(both, Operation) and both.operator == "&&"
    equal = both.operands[0]
    assert isinstance(equal, Operation) and equal.operator == "=="
    assert equal.operands[0] == Operation(1, "!", (Name(1, "a"),))


def test_members_are_read():
    """Properties, elements, ! for what is not null, and .? for what may be."""
    assert parsed("a!.b.?c[2]") == Index(1, Access(1, Access(1, Name(1, "a"), "b"), "c"), Value(1, 2))


def test_collections_take_lines_and_commas():
    """Items stand on lines of their own or have commas between them; comments count for nothing."""
    assert parsed("[\n  1 // one\n  2\n]") == parsed("[1, /* two */ 2]").__class__(1, (Value(2, 1), Value(3, 2)))
    assert isinstance(parsed("[1, 2]"), Items)
    found = parsed("{\n  a: 1\n  'b-c': true\n}")
    assert isinstance(found, Object) and found.get("b-c") == Value(3, True)


def test_loops_are_read():
    """A loop has its variable, where it comes from, and what is made of it."""
    assert parsed("[for x in xs: x.y]") == Loop(1, "x", Name(1, "xs"), Access(1, Name(1, "x"), "y"))


@pytest.mark.parametrize(
    "text", ["", "a b", "'a", "'${a'", "[1", "{a 1}", "a ? b", "f(", "map(a, x => x)", "a::b", "'\\q'", "#", "(a"]
)
def test_what_is_not_known_is_an_error(text):
    """Also parts of Bicep that infra/ does not use, such as lambdas: what is not read would not be checked."""
    with pytest.raises(SyntaxMistake, match="^line 1: "):
        parsed(text)
