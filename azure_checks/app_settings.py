"""The application settings that infra/ writes beside those that the connector reads."""

import re
from collections.abc import Iterator

from connector.settings import SETTINGS

from .expressions import Access, Name, Node, Object, children
from .template import Template

PLATFORM = re.compile(r"AzureWebJobsStorage__(blobServiceUri|credential|clientId)|APPLICATIONINSIGHTS_[A-Z_]+")
"""What the Functions host reads."""

LEFT_TO_THE_CONNECTOR = {
    "POOL_CREDENTIAL": "its default is the managed identity",
    "MAX_CODE_CHARACTERS": "makers' documents depend on it, so that it changes with the code, not with a deployment",
}
"""Settings that are not written, and why."""

THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"


def findings(template: Template) -> Iterator[str]:
    """About the template that writes them."""
    written = app_settings(template)
    read = {setting.name for setting in SETTINGS}
    for name in written:
        if name not in read and not PLATFORM.fullmatch(name):
            yield f"{name} is written, and neither the connector nor the host reads it"
        if name in LEFT_TO_THE_CONNECTOR:
            yield f"{name} is written, and was to be left: {LEFT_TO_THE_CONNECTOR[name]}"
    for name in sorted(read - written.keys() - LEFT_TO_THE_CONNECTOR.keys()):
        yield f"{name} is read by the connector, and not written"
    if THREADS in written and _symbols(written[THREADS]) != set().union(*map(_symbols, _concurrency(template))):
        yield f"{THREADS} and perInstanceConcurrency are not made of one parameter"


def app_settings(template: Template) -> dict[str, Node]:
    """Name and value of each setting that a template writes."""
    found: dict[str, Node] = {}
    for resource in template.resources.values():
        name, properties = resource.body.get("name"), resource.body.get("properties")
        if resource.type.startswith("Microsoft.Web/sites/config@") and getattr(name, "literal", "") == "appsettings":
            assert isinstance(properties, Object)
            found |= {str(key.literal): value for key, value in properties.entries}
    return found


def _concurrency(template: Template) -> Iterator[Node]:
    for node in template.nodes():
        if isinstance(node, Object) and (value := node.get("perInstanceConcurrency")):
            yield value


def _symbols(node: Node) -> set[str]:
    own = {node.name} if isinstance(node, Name | Access) else set()
    return own.union(*map(_symbols, children(node)))
