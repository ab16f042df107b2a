"""The cells that are sent, and the payload in them as one text."""

import ast
import base64
import json
import re
import secrets
import threading
import zlib
from collections import Counter
from pathlib import Path

import pytest

from connector.in_session import cell as cell_module
from connector.in_session import payload, protocol
from connector.in_session.cell import make_cell, make_task_cell, payload_sources
from tests.connector.in_session.kernels import Kernel

FOLDER = Path(payload.__file__).parent
OLDEST_PYTHON = (3, 8)


def names_of(statement: ast.stmt) -> set[str]:
    """What a statement at the top of a module defines. Imports are the same in all modules."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return set()


def test_the_order_names_every_module() -> None:
    """A new module must be added to it."""
    assert set(payload.ORDER) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


def test_no_two_modules_define_the_same_name() -> None:
    """They share one namespace in the session."""
    modules = [FOLDER.parent / "protocol.py", *(FOLDER / f"{name}.py" for name in payload.ORDER)]
    defined: Counter[str] = Counter()
    for module in modules:
        defined.update(set().union(*map(names_of, ast.parse(module.read_text()).body)))
    assert [name for name, times in defined.items() if times > 1] == []


@pytest.mark.parametrize("name", payload.ORDER)
def test_a_module_comes_after_those_that_it_imports(name: str) -> None:
    """Otherwise their names would not be defined yet."""
    imported = {
        statement.module
        for statement in ast.parse((FOLDER / f"{name}.py").read_text()).body
        if isinstance(statement, ast.ImportFrom) and statement.level == 1
    }
    assert imported <= set(payload.ORDER[: payload.ORDER.index(name)])


@pytest.mark.parametrize("python", [OLDEST_PYTHON, (3, 13)])
def test_the_payload_is_valid_in_every_version_of_python(python: tuple[int, int]) -> None:
    """From the oldest that a session may have."""
    for source in payload_sources().values():
        ast.parse(source, feature_version=python)


def test_shorter_indentation_changes_no_string() -> None:
    """The source means the same as with the indentation that Python's own unparser makes."""
    for source in payload_sources().values():
        longer = re.sub("^ +", lambda spaces: spaces[0] * 4, source, flags=re.MULTILINE)
        assert ast.unparse(ast.parse(source)) == longer


def test_another_data_folder_reaches_payload_and_watcher() -> None:
    """For systems without /mnt/data."""
    sources = payload_sources("/somewhere/else")
    assert {name for name, source in sources.items() if "/somewhere/else" in source} == {"", "watcher"}
    assert not any(protocol.DATA in source for source in sources.values())


def test_a_cell_carries_only_what_its_run_needs() -> None:
    """The code, IDs and limits, but nothing about the caller or the settings. The nonce is new each time."""
    cell = make_cell("secret_of_mine", execution_id="e", max_report_characters=1000)
    request = json.loads(base64.b64decode(cell.text.rsplit('"', 4)[1]))
    assert set(request) == {"code", "executionId", "hash", "nonce", "longest"}
    assert make_cell("secret_of_mine", execution_id="e", max_report_characters=1000).nonce != cell.nonce


def test_cells_are_small() -> None:
    """A complete one is sent once in each session, a short one with each call after that."""
    cell = make_cell("", execution_id="e", max_report_characters=1000)
    assert cell.short is not None
    assert (len(cell.text) < 40_000, len(cell.short) < 600) == (True, True)


def test_first_calls_that_arrive_together_pack_the_payload_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[str] = []
    all_called = threading.Event()

    def slowly(data_folder: str) -> dict[str, str]:
        packed.append(data_folder)
        all_called.wait(10)
        return {"": ""}

    monkeypatch.setattr(cell_module, "payload_sources", slowly)
    folder = f"/{secrets.token_hex(8)}"  # which has not been packed
    options = {"execution_id": "e", "max_report_characters": 1000, "data_folder": folder}
    callers = [threading.Thread(target=make_cell, args=("1",), kwargs=options) for _ in range(8)]
    for caller in callers:
        caller.start()
    all_called.set()
    for caller in callers:
        caller.join()
    assert packed == [folder]


def test_a_part_is_compiled_when_it_is_used(kernel: Kernel) -> None:
    """A first run that succeeds needs none of them, and one that fails only what explains failures."""
    left = "sorted(get_ipython().kernel.do_execute.__globals__['PARTS'])"
    assert kernel.report(left).value == sorted(payload.ON_FIRST_USE)
    kernel.report("1 / 0")
    assert kernel.report(left).value == sorted(payload.ON_FIRST_USE - {"facts", "errors"})


def test_a_task_is_sent_with_what_it_imports() -> None:
    """And with nothing else that tasks share: each call sends it anew."""
    sources = {}
    for name in ("append_chunk", "pack_workspace"):
        task = FOLDER.parent / "tasks" / f"{name}.py"
        cell = make_task_cell(task, {}, max_report_characters=1000, with_payload=False)
        packed = max(re.findall(r'"([A-Za-z0-9+/=]+)"', cell.text), key=len)
        sources[name] = zlib.decompress(base64.b64decode(packed)).decode()
    assert "def fingerprint" in sources["pack_workspace"]
    assert "def perform" in sources["append_chunk"] and "def fingerprint" not in sources["append_chunk"]
