"""What a model reads about a run, and what the API shows of it. Made of an Execution of the connector."""

from dataclasses import dataclass, field
from typing import Any

from .session import SessionFile

MOST_CHARACTERS = 16_000
"""Of one run's text for the model: about 4,000 tokens, which each later call of the model reads again."""


@dataclass(frozen=True)
class RunResult:
    """One run: its code, the text that the model has read, and the images and files that it made."""

    code: str
    succeeded: bool
    text: str
    images: list[SessionFile] = field(default_factory=list)
    files: list[SessionFile] = field(default_factory=list)


def run_result(code: str, execution: dict[str, Any]) -> RunResult:
    """The result of a run that has ended."""
    images = [
        SessionFile(_path(output), output["contentType"])
        for output in execution["outputs"]
        if output["contentType"].startswith("image/") and output.get("fileName")
    ]
    files = [SessionFile(_path(file), file["contentType"], file["size"]) for file in execution["files"]]
    parts = [_shortened(execution["stdout"].rstrip(), MOST_CHARACTERS // 2)]
    parts.append(_shortened(execution["result"], MOST_CHARACTERS // 4))
    succeeded = execution["status"] == "Succeeded"
    if succeeded:
        parts.append(_shortened(execution["stderr"].rstrip(), MOST_CHARACTERS // 8))
    else:
        parts.append(_failure(execution))
    parts += [f"[image: {_title(execution, image)}, file {image.path}]" for image in images]
    if files:
        parts.append(f"[files: {', '.join(f'{file.path} ({file.size} bytes)' for file in files[:20])}]")
    parts.append(execution.get("notice", ""))
    text = "\n".join(part for part in parts if part)
    return RunResult(code, succeeded, _shortened(text, MOST_CHARACTERS), images, files)


def _failure(execution: dict[str, Any]) -> str:
    """The error with its line and the connector's hint, from which a model corrects the code."""
    error = execution.get("error")
    if error is None:
        return f"The run was not completed. Its status is {execution['status']}."
    line = f" in line {error['line']}" if "line" in error else ""
    hint = f"\nHint: {error['hint']}" if "hint" in error else ""
    traceback = f"\n{_shortened(error['traceback'], MOST_CHARACTERS // 8)}" if "traceback" in error else ""
    return f"{error['name']}{line}: {_shortened(error['message'], MOST_CHARACTERS // 8)}{hint}{traceback}"


def _path(item: dict[str, Any]) -> str:
    return f"{item['folder']}/{item['fileName']}" if item.get("folder") else str(item["fileName"])


def _title(execution: dict[str, Any], image: SessionFile) -> str:
    for output in execution["outputs"]:
        if output.get("fileName") and _path(output) == image.path and output.get("title"):
            return str(output["title"])
    return image.content_type


def _shortened(text: str, most: int) -> str:
    """The beginning and the end of a long text. What a program prints last matters as much as what it prints first."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters are left out ...]\n{text[-half:]}"
