"""The operations in Markdown: request, parameters and body, responses, errors and examples."""

from dataclasses import dataclass
from typing import Any

from connector.contract.validation import METHODS, followed, resolved

from .error_codes import operation_errors
from .members import body_rows, input_row, response_rows, table

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    parameters: list[Json]
    bodies: dict[str, Json]  # schema by media type
    entry: Json

    @property
    def taken(self) -> set[str]:
        """The names of its parameters and of the members of its bodies."""
        schemas = [
            *self.bodies.values(),
            *(schema["items"] for body in self.bodies.values() for schema in _lists(body)),
        ]
        members = {name for schema in schemas for name in schema.get("properties", {})}
        return members | {parameter["name"] for parameter in self.parameters}


def operations(source: Json) -> list[Operation]:
    """All operations of openapi.yaml, in its order."""
    return [
        Operation(
            item[method]["operationId"],
            method.upper(),
            path,
            resolved([*item.get("parameters", []), *item[method].get("parameters", [])], source),
            {
                media_type: media["schema"]
                for media_type, media in resolved(item[method].get("requestBody", {}), source)
                .get("content", {})
                .items()
            },
            item[method],
        )
        for path, item in source["paths"].items()
        for method in item
        if method in METHODS
    ]


def operation_lines(found: list[Operation], source: Json, examples: dict[str, list[Json]]) -> list[str]:
    """All operations, under one heading per tag, in the order of openapi.yaml."""
    lines: list[str] = []
    shown: dict[str, str] = {}
    for tag in source["tags"]:
        lines += [f"## {tag['name']}", "", tag["description"], ""]
        for operation in found:
            if operation.entry["tags"] == [tag["name"]]:
                lines += _operation_lines(operation, source, shown) + example_lines(examples[operation.name])
    return lines


def example_lines(examples: list[Json]) -> list[str]:
    """For each example: its introduction, the request, the status and the response."""
    lines = []
    for example in examples:
        kind = "json" if example["response"].lstrip().startswith("{") else "text"
        lines += [f"**Example.** {example['intro'].strip()}", "", "```bash", example["request"].rstrip("\n"), "```", ""]
        lines += [
            f"Response, status {example['status']}:",
            "",
            f"```{kind}",
            example["response"].rstrip("\n"),
            "```",
            "",
        ]
    return lines


def _operation_lines(operation: Operation, source: Json, shown: dict[str, str]) -> list[str]:
    key = "" if operation.entry.get("security") != [] else ", no key"
    lines = [f"### {operation.name}", "", f"`{operation.method} {operation.path}`{key}", ""]
    lines += [operation.entry["description"], ""]
    if operation.parameters:
        rows = [
            (row[0], parameter["in"], *row[1:])
            for parameter in operation.parameters
            for row in [
                input_row(
                    parameter["name"], parameter["schema"], parameter.get("required", False), parameter["description"]
                )
            ]
        ]
        lines += table(("Parameter", "In", "Type", "Required or default", "Description"), rows) + [""]
    for media_type, schema in operation.bodies.items():
        if "properties" in schema:
            lines += [f"**Body**, `{media_type}`:", ""]
            lines += table(("Member", "Type", "Required or default", "Description"), body_rows(schema)) + [""]
        else:
            lines += [f"**Body**: {operation.entry['requestBody']['description']} Any `Content-Type` is accepted.", ""]
    for status, response in operation.entry["responses"].items():
        if status.startswith("2"):
            lines += _response_lines(operation, status, followed(response, source), source, shown)
    taken = operation.taken
    return [*lines, f"**Errors**: {operation_errors(operation.entry['responses'], taken, source)}.", ""]


def _response_lines(
    operation: Operation, status: str, response: Json, source: Json, shown: dict[str, str]
) -> list[str]:
    """The response with a status. The first operation that returns a schema has the table of its members."""
    texts = [f"**Status {status}**: {response['description']}"]
    headers = [
        f"`{name}`: {followed(header, source)['description']}" for name, header in response.get("headers", {}).items()
    ]
    if headers:
        texts.append(f"Headers: {' '.join(headers)}")
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    members = resolved(schema, source)
    if not members.get("properties"):
        return [" ".join(texts), ""]
    first = shown.setdefault(str(schema), operation.name) if "$ref" in schema else operation.name
    if first != operation.name:
        return [f"{' '.join(texts)} The members are those of [{first}](#{first.lower()}).", ""]
    if status != min(operation.entry["responses"]):
        return [f"{' '.join(texts)} The members are the same.", ""]
    return [" ".join(texts), "", *table(("Member", "Type", "Present", "Description"), response_rows(members)), ""]


def _lists(schema: Json) -> list[Json]:
    return [member for member in schema.get("properties", {}).values() if "items" in member]
