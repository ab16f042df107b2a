"""docs/api.md is generated from openapi.yaml, the errors and the examples, and is complete."""

import re

from api_page.error_codes import SHARED, error_codes, error_rows, operation_errors, shared_error_rows
from api_page.operations import operations
from api_page.page import PAGE_PATH, api_page, read_examples
from connector.contract.validation import followed, read_document
from connector.errors import ConnectorError

SOURCE = read_document()
OPERATIONS = operations(SOURCE)


def statuses_of_errors(kind: type[ConnectorError] = ConnectorError) -> dict[str, int]:
    """The status of every subclass of `kind` in errors.py, by its code."""
    found = {}
    for subclass in kind.__subclasses__():
        if subclass.__module__ == ConnectorError.__module__:
            found |= {subclass.__name__: subclass.status} | statuses_of_errors(subclass)
    return found


def test_page_is_up_to_date():
    """If this fails after a change of openapi.yaml, the errors or api_page/, run `make api-page`."""
    assert PAGE_PATH.read_text(encoding="utf-8") == api_page(SOURCE)


def test_every_operation_has_an_example():
    """And every example belongs to an operation, or is that of an error."""
    assert read_examples().keys() == {operation.name for operation in OPERATIONS} | {"Errors"}


def test_every_error_has_a_row():
    """A row has the status, the meaning and the remedy."""
    rows = error_rows()
    assert {code.strip("`"): int(status) for code, status, *_ in rows} == statuses_of_errors()
    assert all(cell for row in rows for cell in row)


def test_contract_lists_the_codes_of_every_error_response():
    """Each code is listed with its status, and every code is listed. Responses without content are the host's."""
    found: dict[str, int] = {}
    for operation in OPERATIONS:
        for status, response in operation.entry["responses"].items():
            if status.startswith(("4", "5")):
                codes = followed(response, SOURCE)["x-error-codes"]
                assert bool(codes) == ("content" in followed(response, SOURCE)), (operation.name, status)
                found |= dict.fromkeys(codes, int(status))
    assert found == statuses_of_errors()


def test_every_operation_lists_the_codes_of_its_errors():
    """Its line, and the table that the line links to, have all codes that it can return, and no others."""
    shared = {code for _, codes in shared_error_rows(SOURCE) for code in re.findall(r"`(\w+)`", codes)}
    assert {status for status, _ in shared_error_rows(SOURCE)} == set(SHARED)
    for operation in OPERATIONS:
        responses = operation.entry["responses"]
        returned = {
            code for response in responses.values() for code in error_codes(followed(response, SOURCE), operation.taken)
        }
        line = operation_errors(responses, operation.taken, SOURCE)
        own, links_to_table, excluded = line.partition("[all operations]")
        listed = set(re.findall(r"`(\w+)`", own))
        if links_to_table:
            listed |= shared - set(re.findall(r"`(\w+)`", excluded))
        assert listed == returned, operation.name
        assert f"**Errors**: {line}." in PAGE_PATH.read_text(encoding="utf-8")


def test_every_operation_is_listed_once_under_its_tag():
    """None is missing because it has no tag, and none is listed twice."""
    headings = [line.removeprefix("### ") for line in api_page(SOURCE).splitlines() if line.startswith("### ")]
    assert [heading for heading in headings if " " not in heading] == [operation.name for operation in OPERATIONS]
