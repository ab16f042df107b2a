"""The app package that Microsoft 365 takes: a zip with the manifests of app, agent and plugin, the document and icons.

Schemas: https://developer.microsoft.com/en-us/json-schemas/teams/v1.30/MicrosoftTeams.schema.json and
https://developer.microsoft.com/json-schemas/copilot/declarative-agent/v1.8/schema.json.
"""

import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector.recipes.catalog import recipes
from connector_package.archive import zipped
from connector_package.icon import BRAND_COLOR
from connector_package.package import PackageError

from .document import CONTENTS, plugin_document
from .icons import COLOR_PATH, OUTLINE_PATH
from .plugin import DOCUMENT_NAME, NAME, plugin

Json = dict[str, Any]

NO_REFERENCE = "REFERENCE-ID"
"""In the place of the reference ID until there is one."""

INSTRUCTIONS = Path(__file__).with_name("instructions.md")
STARTERS = (
    "top_products_by_revenue",
    "regional_comparison",
    "forecast_by_region",
    "expense_anomalies",
    "dates_of_several_countries",
    "find_duplicate_names",
)
"""The recipes whose questions the agent suggests."""

_APP_SCHEMA = "https://developer.microsoft.com/en-us/json-schemas/teams/v1.30/MicrosoftTeams.schema.json"
_AGENT_SCHEMA = "https://developer.microsoft.com/json-schemas/copilot/declarative-agent/v1.8/schema.json"
_AGENT_DESCRIPTION = (
    "Answers questions about your data by running Python code in an isolated session: figures, tables, charts, and "
    "files to download."
)
_APP_IDS = uuid.UUID("8c7a3a3e-4a51-5f27-9b0e-6f1f6a3b2d10")
_VERSION = re.compile(r"(0|[1-9]\d{0,4})(\.(0|[1-9]\d{0,4})){2}")
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_\-+/=]{4,256}")
_LONGEST_DEVELOPER = 32


@dataclass(frozen=True)
class Choices:
    """What the person who writes the package decides. Raises PackageError for what Microsoft 365 would refuse."""

    reference_id: str = NO_REFERENCE
    content: str = "links"
    version: str = "1.0.0"
    developer: str = ""
    website: str = ""

    def __post_init__(self) -> None:
        if not _REFERENCE_ID.fullmatch(self.reference_id):
            raise PackageError("REFERENCE_ID is not one. Copy the ID of the registration from the Developer Portal.")
        if self.content not in CONTENTS:
            raise PackageError(f"CONTENT is '{self.content}'. Set it to links or never.")
        if not _VERSION.fullmatch(self.version):
            raise PackageError(f"VERSION is '{self.version}'. Set it to three numbers, such as 1.0.1.")
        if len(self.developer) > _LONGEST_DEVELOPER:
            raise PackageError(f"DEVELOPER has {len(self.developer)} characters. Set it to a name of at most 32.")
        if self.website and (urlsplit(self.website).scheme != "https" or not urlsplit(self.website).hostname):
            raise PackageError(f"WEBSITE is '{self.website}'. Set it to an address that begins with https://")


def write_app_package(path: Path, document: Json, choices: Choices) -> None:
    """Write the zip. `document` is that for agents, of the app and its way to sign in. The same arguments give the same
    bytes.
    """
    host = urlsplit(document["servers"][0]["url"]).hostname or ""
    reduced = plugin_document(document, choices.content)
    files = {
        "manifest.json": _json(_app(host, choices)),
        "declarativeAgent.json": _json(_agent()),
        "ai-plugin.json": _json(plugin(reduced, choices.reference_id)),
        DOCUMENT_NAME: _json(reduced),
        "color.png": COLOR_PATH.read_bytes(),
        "outline.png": OUTLINE_PATH.read_bytes(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files))


def app_id(host: str) -> str:
    """The ID of the app, a UUID: always the same for one deployment, so that a new package updates the app."""
    return str(uuid.uuid5(_APP_IDS, host.lower()))


def _app(host: str, choices: Choices) -> Json:
    website = choices.website or f"https://{host}"
    return {
        "$schema": _APP_SCHEMA,
        "manifestVersion": "1.30",
        "version": choices.version,
        "id": app_id(host),
        "developer": {
            "name": choices.developer or host[:_LONGEST_DEVELOPER],
            "websiteUrl": website,
            "privacyUrl": website,
            "termsOfUseUrl": website,
        },
        "name": {"short": NAME, "full": "Code Interpreter Connector"},
        "description": {
            "short": "Answers questions about your data by running Python code.",
            "full": (
                f"Use {NAME} in Microsoft 365 Copilot to calculate, clean, compare and chart data. It runs Python code "
                "in isolated sessions of your own organization's Azure subscription, and returns figures, tables, "
                "charts and files."
            ),
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": BRAND_COLOR,
        "copilotAgents": {"declarativeAgents": [{"id": "codeInterpreter", "file": "declarativeAgent.json"}]},
        # Copilot shows pictures of cards, and opens their links without a warning, only from these.
        "validDomains": [host],
    }


def _agent() -> Json:
    named = {recipe.name: recipe for recipe in recipes()}
    return {
        "$schema": _AGENT_SCHEMA,
        "version": "v1.8",
        "name": NAME,
        "description": _AGENT_DESCRIPTION,
        "instructions": INSTRUCTIONS.read_text(encoding="utf-8"),
        "conversation_starters": [{"title": named[name].title, "text": named[name].question} for name in STARTERS],
        "actions": [{"id": "codeInterpreter", "file": "ai-plugin.json"}],
    }


def _json(value: Json) -> bytes:
    return (json.dumps(value, indent=4, ensure_ascii=False) + "\n").encode()
