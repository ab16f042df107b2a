"""Loads a function app from its folder: host.json, local.settings.json, function_app.py and the functions in it.

`worker` in a comment is Azure/azure-functions-python-worker, `core tools` is Azure/azure-functions-core-tools; the
module or class is named where a rule is not evident. Does not handle requests.
"""

import contextlib
import importlib.util
import inspect
import json
import logging
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func

from .route_template import InvalidTemplate, RouteTemplate
from .routes import HttpFunction

logger = logging.getLogger(__package__)


class FunctionAppError(Exception):
    """The app in the folder cannot be served; the message names the file or function at fault."""


def http_settings(app_root: Path) -> dict[str, Any]:
    """`extensions.http` of host.json; empty if it has none. Raises FunctionAppError."""
    settings: dict[str, Any] = _json_object(app_root / "host.json").get("extensions", {}).get("http", {})
    return settings


def route_prefix(settings: dict[str, Any]) -> str:
    """What every route begins with, such as `/api`; may be empty."""
    prefix = settings.get("routePrefix", "api").strip("/")
    return f"/{prefix}" if prefix else ""


@contextlib.contextmanager
def environment(app_root: Path, defaults: Mapping[str, str]) -> Iterator[None]:
    """Adds the `Values` of local.settings.json, and below them `defaults`, to `os.environ` for a while.

    A variable that is already set wins (core tools: StartHostAction). Raises FunctionAppError.
    """
    path = app_root / "local.settings.json"
    content = _json_object(path)
    if content.get("IsEncrypted"):
        raise FunctionAppError(f"{path} is encrypted; run `func settings decrypt`")
    values: dict[str, Any] = {**defaults, **content.get("Values", {})}
    for name, value in values.items():
        if not isinstance(value, str):
            raise FunctionAppError(f"{path}: the value of {name} is {json.dumps(value)}; write it as a string")
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def imported(app_root: Path) -> Iterator[ModuleType]:
    """function_app.py as a module, under a unique name so that one process can hold several apps.

    Its folder is on `sys.path` meanwhile. Raises FunctionAppError.
    """
    path = app_root.resolve() / "function_app.py"
    name = f"function_app_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.exists() or spec is None or spec.loader is None:
        raise FunctionAppError(f"there is no function_app.py in {app_root}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise FunctionAppError(f"{path} could not be imported: {error!r}") from error
        yield module
    finally:
        sys.path.remove(str(path.parent))
        del sys.modules[name]


def http_functions(module: ModuleType, prefix: str) -> list[HttpFunction]:
    """The functions of the module's app that have an HTTP trigger. Raises FunctionAppError.

    Call it once for each app: reading the functions registers their names (azure.functions).
    """
    app = _function_app(module)
    try:
        declared = app.get_functions()
    except Exception as error:
        raise FunctionAppError(f"the functions cannot be indexed: {error}") from error
    functions = []
    for function in declared:
        bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
        trigger = next((binding for binding in bindings if binding["type"] == "httpTrigger"), None)
        if trigger is None:
            logger.warning("Function '%s' has no HTTP trigger and is not served", function.get_function_name())
        else:
            functions.append(
                _http_function(str(function.get_function_name()), function.get_user_function(), trigger, prefix)
            )
    return functions


def _function_app(module: ModuleType) -> func.FunctionRegister:
    """Two names for one app count as two apps, as in the worker (worker: loader.py)."""
    apps = {name: value for name, value in vars(module).items() if isinstance(value, func.FunctionRegister)}
    if not apps:
        raise FunctionAppError(f"{module.__file__} has no FunctionApp at its top level")
    if len(apps) > 1:
        raise FunctionAppError(f"{module.__file__} has more than one FunctionApp at its top level: {', '.join(apps)}")
    return next(iter(apps.values()))


def _http_function(name: str, user_function: Callable[..., Any], trigger: dict[str, Any], prefix: str) -> HttpFunction:
    route = trigger.get("route") or name
    methods = trigger.get("methods")
    try:
        template = RouteTemplate(f"{prefix}/{route}".removeprefix("/"))
    except InvalidTemplate as error:
        raise FunctionAppError(f"function '{name}': {error}") from error
    return HttpFunction(
        name=name,
        route=route,
        methods=frozenset(method.upper() for method in methods) if methods else None,
        auth_level=trigger.get("authLevel", "FUNCTION").upper(),
        template=template,
        user_function=user_function,
        request_parameter=trigger["name"],
        takes_context=_takes_context(name, user_function, trigger["name"]),
    )


def _takes_context(name: str, user_function: Callable[..., Any], request_parameter: str) -> bool:
    """Raises FunctionAppError for a parameter that no binding fills, as the worker does (worker: functions.py)."""
    parameters = set(inspect.signature(user_function).parameters)
    if request_parameter not in parameters:
        raise FunctionAppError(f"function '{name}' has no parameter '{request_parameter}' to take the request")
    unfilled = parameters - {request_parameter, "context"}
    if unfilled:
        raise FunctionAppError(f"function '{name}' has parameters that nothing fills: {', '.join(sorted(unfilled))}")
    return "context" in parameters - {request_parameter}


def _json_object(path: Path) -> dict[str, Any]:
    """Empty if the file does not exist: the host needs neither of its two files."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise FunctionAppError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise FunctionAppError(f"{path} does not contain a JSON object")
    return content
