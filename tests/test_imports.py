"""The architecture: which part of the project may import which, and where each library is used."""

import ast
import sys
from pathlib import Path

import pytest

from connector.in_session.tasks import SHARED

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "connector" / "recipes" / "code"
"""Code that users run in sessions; the connector reads it as text."""

CONNECTOR = sorted(path for path in (ROOT / "connector").rglob("*.py") if path.parent != RECIPES)
IN_SESSION = ROOT / "connector" / "in_session"
SENT = [
    *(IN_SESSION / "payload").glob("*.py"),
    *(IN_SESSION / "tasks").glob("*.py"),
    IN_SESSION / "watcher.py",
    IN_SESSION / "protocol.py",
]
"""What is sent into sessions, and runs there."""

EMULATOR = sorted((ROOT / "emulator").rglob("*.py"))
PROJECT = (
    "connector",
    "emulator",
    "function_app",
    "api_page",
    "azure_checks",
    "connector_package",
    "copilot_agent",
    "recipe_pages",
    "workflow_player",
)

LAYERS = {
    # The edge: functions, the wrapper around them, one adapter for each operation.
    "function_app": {"app"},
    "app": {
        "http", "executions", "session_pool", "outbound", "bulkhead", "callers", "contract", "settings", "telemetry",
        "storage", "errors",
    },
    "http": {
        "mcp", "links", "workspaces", "transfers", "storage", "executions", "files", "sessions", "connection",
        "playground", "session_pool", "outbound", "bulkhead", "callers", "contract", "settings", "telemetry", "models",
        "text", "bounded_json", "errors",
    },
    "mcp": {
        "links", "workspaces", "transfers", "storage", "executions", "files", "sessions", "session_pool", "callers",
        "contract", "recipes", "settings", "telemetry", "content_types", "models", "text", "bounded_json", "errors",
    },
    # The operations: plain values in, models out.
    "links": {
        "transfers", "files", "executions", "session_pool", "storage", "outbound", "bulkhead", "callers", "models",
        "errors",
    },
    "workspaces": {
        "transfers", "files", "executions", "in_session", "session_pool", "storage", "outbound", "callers", "models",
        "errors",
    },
    "transfers": {
        "files", "in_session", "session_pool", "storage", "outbound", "bulkhead", "callers", "content_types", "models",
        "errors",
    },
    "executions": {"in_session", "session_pool", "callers", "content_types", "models", "errors"},
    "files": {
        "executions", "in_session", "session_pool", "storage", "outbound", "callers", "content_types", "models",
        "errors",
    },
    "sessions": {"session_pool", "models"},
    "connection": {"session_pool", "storage", "outbound", "settings", "models", "errors"},
    "playground": set(),
    "recipes": set(),
    # What operations are made of.
    "in_session": {"models", "text", "bounded_json"},
    "session_pool": {"outbound", "bulkhead", "callers", "telemetry", "models", "text", "bounded_json", "errors"},
    "storage": {"outbound", "bulkhead", "telemetry", "errors"},
    "outbound": {"telemetry", "errors"},
    "contract": {"callers", "errors"},
    "callers": {"telemetry", "errors"},
    "bulkhead": {"errors"},
    "settings": {"session_pool", "errors"},
    "telemetry": {"errors"},
    "models": set(),
    "text": set(),
    "bounded_json": set(),
    "content_types": set(),
    "errors": set(),
}  # fmt: skip
"""The parts of the connector, from the edge to the ground, and the other parts that each may import."""

LIBRARIES = {
    "azure.functions": {"app", "http"},
    "werkzeug": {"http/multipart"},
    "requests": {"session_pool", "storage", "outbound"},
    "urllib3": {"session_pool", "storage", "outbound"},
    "azure.identity": {"outbound/credentials"},
    "jsonschema": {"contract"},
    "yaml": {"contract/validation", "recipes/catalog"},
    "cryptography": {"callers/signed_tokens"},
    "jwt": {"callers/entra"},
}
"""The part, or the module, that uses each library. No other library is imported."""

SHARED_WITH_FILES = {"connector.executions.sending", "connector.executions.turns"}
"""What files import of executions: how cells are sent, and whether the session is busy."""


def imports(path: Path) -> set[str]:
    """The absolute names of the modules that a file imports, anywhere in it."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            module = ".".join(filter(None, (base if node.level else "", node.module)))
            is_package = not (ROOT / f"{module.replace('.', '/')}.py").exists() and module.startswith(PROJECT)
            found |= {f"{module}.{alias.name}" for alias in node.names} if is_package else {module}
    return found


def importers(files: list[Path], module: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in files
        if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }


def files_of(part: str) -> list[Path]:
    if part == "function_app":
        return [ROOT / "function_app.py"]
    path = ROOT / "connector" / part
    return [each for each in CONNECTOR if each.is_relative_to(path)] if path.is_dir() else [path.with_suffix(".py")]


# ---- the connector


def test_every_part_has_a_layer():
    """A new part has to be added to LAYERS."""
    parts = {path.relative_to(ROOT / "connector").parts[0].removesuffix(".py") for path in CONNECTOR}
    assert parts - {"__init__"} == LAYERS.keys() - {"function_app"}


@pytest.mark.parametrize("part", LAYERS)
def test_a_part_imports_only_the_layers_below(part):
    """As LAYERS has them."""
    for path in files_of(part):
        imported = {name.split(".")[1] for name in imports(path) if name.startswith("connector.")}
        assert imported - {part} <= LAYERS[part], path


def test_files_import_little_of_executions():
    """As SHARED_WITH_FILES has it."""
    for path in files_of("files"):
        assert {name for name in imports(path) if name.startswith("connector.executions")} <= SHARED_WITH_FILES, path


def test_each_library_is_used_in_one_part():
    """As LIBRARIES has it: it can be replaced there."""
    used: dict[str, set[str]] = {}
    for path in CONNECTOR:
        for name in imports(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "connector" or path in SENT:
                continue
            library = ".".join(name.split(".")[:2]) if top == "azure" else top
            module = str(path.relative_to(ROOT / "connector").with_suffix(""))
            part = module.split("/")[0]
            used.setdefault(library, set()).add(part if part in LIBRARIES.get(library, set()) else module)
    assert used == LIBRARIES


def test_what_runs_in_a_session_imports_nothing_of_the_connector():
    """Its source is sent there: the payload, the watcher and the tasks import only each other and the protocol."""
    tasks = tuple(f"connector.in_session.tasks.{name}" for name in SHARED)
    sent = ("connector.in_session.payload.", "connector.in_session.protocol", *tasks)
    for path in SENT:
        for name in imports(path):
            if name.startswith("connector"):
                assert name.startswith(sent), path


def test_only_the_settings_read_the_environment():
    """The app passes it to them. What runs in sessions has another environment."""
    readers = {str(path.relative_to(ROOT)) for path in set(CONNECTOR) - set(SENT) if "environ" in names(path)}
    assert readers == {"connector/app.py", "connector/settings.py"}


def names(path: Path) -> set[str]:
    """All attributes and variables in a file."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


# ---- the emulator


def test_connector_and_emulator_do_not_import_each_other():
    """The connector cannot distinguish the emulator from Azure, and the emulator loads the app by its path."""
    assert importers(CONNECTOR, "emulator") == set()
    assert importers(EMULATOR, "connector") == set()


def test_the_session_pool_is_independent():
    """emulator.session_pool imports nothing else of the project: it is published as a separate wheel."""
    for path in EMULATOR:
        if "session_pool" in path.parts:
            own = {name for name in imports(path) if name.split(".")[0] in PROJECT}
            assert all(name.startswith("emulator.session_pool") for name in own), path


def test_the_storage_account_imports_little_of_the_session_pool():
    """Servers on loopback, and tokens: both can be used without the other."""
    pool = "emulator.session_pool."
    for path in (ROOT / "emulator" / "blob_storage").rglob("*.py"):
        own = {name for name in imports(path) if name.split(".")[0] in PROJECT}
        of_pool = {name.removeprefix(pool) for name in own if name.startswith(pool)}
        assert of_pool <= {"wire.loopback", "wire.certificate", "wire.tokens"}, path
        assert all(name.startswith(("emulator.blob_storage", pool)) for name in own), path


# ---- the tools


@pytest.mark.parametrize(
    "package", ["api_page", "azure_checks", "connector_package", "copilot_agent", "recipe_pages", "workflow_player"]
)
def test_tools_are_not_deployed(package):
    """Nothing that is deployed imports them, and .funcignore excludes them."""
    assert importers([ROOT / "function_app.py", *CONNECTOR, *EMULATOR], package) == set()
    assert package in (ROOT / ".funcignore").read_text().split()


@pytest.mark.parametrize(
    ("package", "known"),
    [
        ("api_page", {"connector.contract", "connector.errors"}),
        ("connector_package", {"connector.contract"}),
        (
            "copilot_agent",
            {
                "connector.contract",
                "connector.recipes",
                "connector_package.archive",
                "connector_package.icon",
                "connector_package.options",
                "connector_package.package",
            },
        ),
        ("azure_checks", {"connector.settings"}),
        ("recipe_pages", {"connector.recipes"}),
        ("workflow_player", {"emulator.blob_storage", "emulator.functions_host", "emulator.session_pool"}),
    ],
)
def test_tools_import_little_of_the_connector(package, known):
    """api.md is made of contract and errors, the package of the contract; the checks compare with the settings, and the
    pages of recipes are made of their catalog. The player knows the connector by its document alone. The agent for
    Microsoft 365 has the sign-in, the icon and the URL of the package.
    """
    for path in (ROOT / package).rglob("*.py"):
        imported = {".".join(name.split(".")[:2]) for name in imports(path) if name.split(".")[0] in PROJECT}
        assert imported - {name for name in imported if name.startswith(package)} <= known, path


PLAYER = {
    "errors": set(),
    "content": {"errors"},
    "expressions": {"errors"},
    "templates": {"content", "errors"},
    "functions": {"content", "errors", "expressions"},
    "flow": {"errors", "templates"},
    "services": {"content", "errors", "expressions", "flow", "messages"},
}
"""What the lower parts of the player import of it; the others are above them."""


@pytest.mark.parametrize("part", PLAYER)
def test_the_player_is_built_in_layers(part):
    """Expressions can be used without flows, and services without a player."""
    package = ROOT / "workflow_player"
    files = [package / f"{part}.py"] if (package / f"{part}.py").is_file() else [*(package / part).glob("*.py")]
    for path in files:
        imported = {name.split(".")[1] for name in imports(path) if name.startswith("workflow_player.")}
        assert imported - {part} <= PLAYER[part], path


def test_the_check_of_the_connection_needs_only_python():
    """azd runs it with any Python."""
    for imported in imports(ROOT / "azure_checks" / "connection.py"):
        assert imported.split(".")[0] in sys.stdlib_module_names, imported
    assert not imports(ROOT / "azure_checks" / "__init__.py")


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
    """wire -> sessions -> the engines' interface; an engine does not import another engine."""
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
