"""Who imports whom: the layout's one-way streets."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONNECTOR = sorted((ROOT / "connector").rglob("*.py"))
EMULATOR = sorted((ROOT / "emulator").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The absolute names of the modules that a file imports, anywhere in it."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            module = ".".join(filter(None, (base if node.level else "", node.module)))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def importers(files: list[Path], module: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in files
        if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }


def test_connector_and_emulator_do_not_know_each_other():
    """The connector cannot tell the emulator from Azure, and the emulator loads the app by its path."""
    assert importers(CONNECTOR, "emulator") == set()
    assert importers(EMULATOR, "connector") == set()


@pytest.mark.parametrize("package", ["api_page", "azure_checks", "connector_package"])
def test_what_is_deployed_does_not_know_what_is_made_of_it(package):
    """They read what is deployed; nothing reads them, and .funcignore keeps them at home."""
    assert importers([ROOT / "function_app.py", *CONNECTOR, *EMULATOR], package) == set()
    assert package in (ROOT / ".funcignore").read_text().split()


def test_the_page_is_made_of_the_contract_and_the_errors():
    """api_page knows no other part of the project."""
    for path in (ROOT / "api_page").glob("*.py"):
        known = {".".join(name.split(".")[:2]) for name in imports(path) if name.startswith(("connector", "emulator"))}
        assert known <= {"connector.contract", "connector.errors", "connector"}, path


def test_the_checks_of_the_templates_know_the_settings_alone():
    """azure_checks holds what the templates write to what the connector reads; it knows no other part."""
    for path in (ROOT / "azure_checks").glob("*.py"):
        known = {name for name in imports(path) if name.startswith(("connector", "emulator", "function_app"))}
        assert known <= {"connector.settings", "connector.settings.SETTINGS"}, path


def test_the_check_of_the_connection_needs_python_alone():
    """azd runs it with whatever Python there is."""
    for imported in imports(ROOT / "azure_checks" / "connection.py"):
        assert imported.split(".")[0] in sys.stdlib_module_names, imported
    assert not imports(ROOT / "azure_checks" / "__init__.py")


def test_the_session_pool_stands_alone():
    """emulator.session_pool imports nothing of the project outside itself."""
    for path in EMULATOR:
        if "session_pool" in path.parts:
            own = {name for name in imports(path) if name.split(".")[0] in ("emulator", "connector", "function_app")}
            assert all(name.startswith("emulator.session_pool") for name in own), path


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [
        ("wire", ("wire", "sessions", "engines.interface")),
        ("sessions", ("sessions", "engines.interface")),
        ("engines", ("engines",)),
        ("engines/shared", ("engines.shared",)),
        ("engines/linux", ("engines.interface", "engines.linux", "engines.shared")),
        ("engines/portable", ("engines.interface", "engines.portable", "engines.shared")),
    ],
)
def test_the_layers_of_the_session_pool_import_downwards(layer, allowed):
    """wire -> sessions -> the engines' interface; an engine knows no other."""
    pool = "emulator.session_pool."
    for path in (ROOT / "emulator/session_pool" / layer).rglob("*.py"):
        known = {name.removeprefix(pool) for name in imports(path) if name.startswith(pool)}
        packages = ("engines", "engines.shared")  # of which a module is imported, which is in the set too
        wrong = {name for name in known if name not in packages and not name.startswith(allowed)}
        assert wrong == set(), path


def test_only_the_choice_of_an_engine_imports_the_engine_for_linux():
    """What only Linux has is imported on Linux only."""
    found = importers(EMULATOR, "emulator.session_pool.engines.linux")
    assert {name for name in found if "/linux/" not in name} == {"emulator/session_pool/engines/choice.py"}


@pytest.mark.parametrize(
    ("module", "importer"),
    [
        ("requests", {"connector/session_pool.py"}),
        ("azure.identity", {"connector/credentials.py"}),
        ("azure.functions", {"connector/answers.py", "connector/http.py", "connector/received.py"}),
        ("jsonschema", {"connector/contract.py"}),
        ("yaml", {"connector/contract.py"}),
        ("cryptography", {"connector/tokens.py"}),
        ("jwt", {"connector/entra.py"}),
    ],
)
def test_each_library_has_one_importer(module, importer):
    """What talks to a library stands in one room, and what speaks HTTP at the edge."""
    assert importers(CONNECTOR, module) == importer


def test_errors_and_shapes_stand_on_the_standard_library_alone():
    """Everybody may import them, so they import nobody; settings imports errors."""
    for name, allowed in (("errors", set()), ("shapes", set()), ("settings", {"connector.errors"})):
        for imported in imports(ROOT / "connector" / f"{name}.py"):
            assert imported.split(".")[0] in sys.stdlib_module_names or imported.startswith(tuple(allowed) or ("-",))


def test_operations_know_no_http():
    """Plain values in, shapes out."""
    for path in CONNECTOR:
        if "operations" in path.parts:
            assert not {
                "azure.functions",
                "requests",
                "connector.http",
                "connector.contract",
                "connector.documents",
            } & imports(path)


def test_only_the_settings_read_the_environment():
    """One room knows the names of the settings; the edge hands it the environment."""
    readers = {str(path.relative_to(ROOT)) for path in CONNECTOR if "os.environ" in path.read_text()}
    assert readers == {"connector/http.py", "connector/settings.py"}


def test_each_room_knows_only_the_next():
    """The functions know the edge; operations the pool's client, ids, shapes and errors; documents the contract."""
    assert {name for name in imports(ROOT / "function_app.py") if name.startswith("connector")} == {
        "connector.http",
        "connector.http.Connector",
    }
    allowed = {"errors", "harness", "identity", "operations", "pool_wire", "session_pool", "settings", "shapes"}
    for path in CONNECTOR:
        if "operations" in path.parts:
            known = {name.split(".")[1] for name in imports(path) if name.startswith("connector.")}
            assert known <= allowed, path
    for path in CONNECTOR:
        if "documents" in path.parts:
            known = {name.split(".")[1] for name in imports(path) if name.startswith("connector.")}
            assert known <= {"contract", "documents"}, path
    for path in CONNECTOR:
        if "harness" in path.parts:
            known = {name.split(".")[1] for name in imports(path) if name.startswith("connector.")}
            assert known <= {"harness", "shapes"}, path
    for name, allowed in (
        ("contract", {"errors", "identity"}),
        ("credentials", {"errors"}),
        ("entra", {"errors"}),
        ("identity", {"errors"}),
        ("pool_wire", {"errors", "settings"}),
        ("ranges", {"errors", "shapes"}),
        ("session_pool", {"errors", "identity", "pool_wire"}),
    ):
        known = {name.split(".")[1] for name in imports(ROOT / "connector" / f"{name}.py") if "connector." in name}
        assert known <= allowed, name
