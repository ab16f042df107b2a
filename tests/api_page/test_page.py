"""docs/api.md is what openapi.yaml, the errors and the examples give."""

import re

from api_page.error_codes import SHARED, error_codes, error_rows, operation_errors, shared_error_rows
from api_page.operations import operations
from api_page.page import PAGE_PATH, api_page, read_examples
from connector.contract.validation import followed, read_document
from connector.errors import ConnectorError

SOURCE = read_document()
OPERATIONS = operations(SOURCE)


def kinds_of_errors(kind: type[ConnectorError] = ConnectorError) -> dict[str, int]:
    """Code and status of every error below `kind`, of those that errors.py has."""
    found = {}
    for below in kind.__subclasses__():
        if below.__module__ == ConnectorError.__module__:
            found |= {below.__name__: below.status} | kinds_of_errors(below)
    return found


def test_the_page_is_up_to_date():
    """After a change of openapi.yaml or api_page/, `make api-page` writes it anew."""
    assert PAGE_PATH.read_text(encoding="utf-8") == api_page(SOURCE)


def test_every_operation_has_an_example():
    """And there is none of an operation that is gone."""
    assert read_examples().keys() == {operation.name for operation in OPERATIONS} | {"Errors"}


def test_every_error_has_a_row():
    """With its status, what it means, and what to do."""
    rows = error_rows()
    assert {code.strip("`"): int(status) for code, status, *_ in rows} == kinds_of_errors()
    assert all(cell for row in rows for cell in row)


def test_the_contract_tells_the_codes_of_every_error_answer():
    """Each code stands at the status that it has, and every code stands somewhere."""
    found: dict[str, int] = {}
    for operation in OPERATIONS:
        for status, response in operation.entry["responses"].items():
            if status.startswith(("4", "5")):
                codes = followed(response, SOURCE)["x-error-codes"]
                assert codes, (operation.name, status)
                found |= dict.fromkeys(codes, int(status))
    assert found == kinds_of_errors()


def test_every_operation_names_the_codes_of_its_errors():
    """All that it can answer, and no other: those of its line, and of the table that the line leads to."""
    shared = {code for _, codes in shared_error_rows(SOURCE) for code in re.findall(r"`(\w+)`", codes)}
    assert {status for status, _ in shared_error_rows(SOURCE)} == set(SHARED)
    for operation in OPERATIONS:
        responses = operation.entry["responses"]
        answered = {
            code for response in responses.values() for code in error_codes(followed(response, SOURCE), operation.taken)
        }
        line = operation_errors(responses, operation.taken, SOURCE)
        own, leads_to_table, but_not = line.partition("[all operations]")
        told = set(re.findall(r"`(\w+)`", own))
        if leads_to_table:
            told |= shared - set(re.findall(r"`(\w+)`", but_not))
        assert told == answered, operation.name
        assert f"**Errors**: {line}." in PAGE_PATH.read_text(encoding="utf-8")


def test_every_operation_stands_below_its_tag_once():
    """None is left out for want of a tag, and none comes twice."""
    headings = [line.removeprefix("### ") for line in api_page(SOURCE).splitlines() if line.startswith("### ")]
    assert [heading for heading in headings if " " not in heading] == [operation.name for operation in OPERATIONS]
