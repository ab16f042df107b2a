"""Prompts: the recipes, as requests that a person picks in a host, mostly as a slash command, about a file of theirs.

A prompt is one message of the person, because not all hosts take several, or anything but text. It begins with the
question; then it tells the model where the file is and how to proceed, and shows the recipe's code as an example. A
model that has seen code for another file would take over its columns, so the steps begin with those of the user's file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..callers.session_ids import check_session_id
from ..errors import InvalidSessionId
from ..recipes.catalog import Recipe
from ..text import well_formed
from .messages import shown
from .protocol import INVALID_PARAMS, Json, ProtocolError

_FILE, _QUESTION, _SESSION = "file", "question", "sessionId"
_ARGUMENTS = {
    _FILE: "Your file or files: a name, a path on your machine, or a URL. Without it: those of the conversation.",
    _QUESTION: "What you want to know, in your own words, if it is something else.",
    _SESSION: "Session ID, if the file is in a session already.",
}
"""By name, in the order in which hosts ask for them. All can be omitted: some hosts ask for each, one after another."""

_MOST_CHARACTERS = {_FILE: 1_000, _QUESTION: 4_000, _SESSION: 128}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_FENCE = re.compile("^`{3,}", re.MULTILINE)


def list_prompts(recipes: Sequence[Recipe]) -> Json:
    arguments = [{"name": name, "description": text, "required": False} for name, text in _ARGUMENTS.items()]
    return {
        "prompts": [
            {"name": recipe.name, "title": recipe.title, "description": recipe.question, "arguments": arguments}
            for recipe in recipes
        ]
    }


def get_prompt(recipes: Sequence[Recipe], params: Json) -> Json:
    """Raises ProtocolError for an unknown prompt and for wrong arguments."""
    name = params.get("name")
    found = next((recipe for recipe in recipes if recipe.name == name), None)
    if found is None:
        problem = f"There is no prompt '{shown(name)}'" if isinstance(name, str) else "The name is not a string"
        raise ProtocolError(INVALID_PARAMS, f"{problem}. Get one of those that prompts/list returns.")
    text = _text(found, _checked(params.get("arguments")))
    return {
        "description": found.question,
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


def _checked(given: Any) -> dict[str, str]:
    """Those that are not empty: hosts send what a person has left out as an empty text. Raises ProtocolError."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ProtocolError(INVALID_PARAMS, "The arguments are not an object. Send a member for each argument.")
    for name, value in given.items():
        if name not in _ARGUMENTS:
            raise _wrong(shown(name), f"is unknown. Send any of {', '.join(_ARGUMENTS)}")
        if not isinstance(value, str):
            raise _wrong(name, "is not a string. Send a text")
        if len(value) > _MOST_CHARACTERS[name]:
            raise _wrong(name, f"is too long. Send at most {_MOST_CHARACTERS[name]:,} characters")
    values = {name: well_formed(_one_line(name, value)) for name, value in given.items()}
    if values.get(_SESSION):
        try:
            check_session_id(values[_SESSION])
        except InvalidSessionId:
            raise _wrong(_SESSION, "is not a session ID. Send that of an earlier result, or none") from None
    return {name: value for name, value in values.items() if value}


def _one_line(name: str, value: str) -> str:
    """Without control characters; a file's name keeps its spaces, of which two in a row are others than one."""
    value = _CONTROL.sub(" ", value).strip()
    return value if name == _FILE else " ".join(value.split())


def _wrong(name: str, problem: str) -> ProtocolError:
    return ProtocolError(INVALID_PARAMS, f"The argument {name} {problem}.")


def _text(recipe: Recipe, arguments: Mapping[str, str]) -> str:
    question = arguments.get(_QUESTION, recipe.question)
    steps = [
        "First run code that shows what is in it: the columns with their types and some rows, or the first lines. Do "
        "not guess them.",
        "Adapt the code below to this file, and run it with ExecutePythonCode. Of the functions that read a file and "
        "check its columns, keep only what this file needs. If the file lacks something that the "
        "question needs, say so, and do not invent values.",
        "Answer in a few sentences, with the figures that the code printed. For each file that I shall get, call "
        "ShareFile, and give me the link.",
    ]
    parts = [
        question,
        f"Use the tools of the code interpreter. {_where(arguments)}",
        "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        _example(recipe, is_other_question=question != recipe.question),
    ]
    return "\n\n".join(parts) + "\n"


def _where(arguments: Mapping[str, str]) -> str:
    """Where the file is, and how it gets into the session."""
    file, session_id = arguments.get(_FILE), arguments.get(_SESSION)
    if session_id:
        named = f"My file is {file}" if file else "My file is the one that ListFiles shows"
        return f"{named}, in the session {session_id}."
    upload = (
        "If it is not in the session yet, upload it: with the command that CreateUploadUrl returns if you can run "
        "commands where the file is, with ImportFile if it has a URL, or with UploadFile if you only have its text."
    )
    if file:
        return f"My file is {file}. {upload}"
    return (
        f"My file is the one that I have attached or named in this conversation. {upload} If there is none, ask me for "
        "it. Offer to show me the answer on a small made-up file instead; if I want that, call its values made up."
    )


def _example(recipe: Recipe, *, is_other_question: bool) -> str:
    """The code that answers the recipe's question about the recipe's files."""
    files = " and ".join(recipe.files) or "files that it makes itself"
    creates = f", and writes {' and '.join(recipe.creates)}" if recipe.creates else ""
    heading = f"This example reads {files}{creates}."
    if is_other_question:
        heading += f' It answers another question: "{recipe.question}"'
    fence = "`" * max([3, *(len(found) + 1 for found in _FENCE.findall(recipe.python_code))])
    parts = [heading, f"{fence}python\n{recipe.python_code.strip()}\n{fence}"]
    if recipe.notes.strip():
        parts.append(f"To adapt it:\n\n{recipe.notes.strip()}")
    return "\n\n".join(parts)
