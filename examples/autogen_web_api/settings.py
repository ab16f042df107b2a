"""Every setting of the app, read from environment variables in one place. An empty variable is one that is not set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .hosts import ANY


class SettingsError(Exception):
    """A setting is missing or wrong. The message names it, and states what to set."""


@dataclass(frozen=True)
class OpenAI:
    """OpenAI, or any endpoint that is compatible with it."""

    model: str
    api_key: str = field(repr=False)
    base_url: str | None = None


@dataclass(frozen=True)
class AzureOpenAI:
    """A deployment of Azure OpenAI, called with the app's identity and without a key."""

    endpoint: str
    deployment: str
    api_version: str = "2024-10-21"


@dataclass(frozen=True)
class Settings:
    """See the table in README.md."""

    connector_url: str
    connector_key: str | None = field(default=None, repr=False)
    connector_audience: str | None = None
    client_id: str | None = None
    model: OpenAI | AzureOpenAI | None = None
    """None for the scripted model."""

    allowed_hosts: tuple[str, ...] = ()
    """Names of the app, besides localhost and addresses; hosts.ANY allows all."""

    run_seconds: int = 120
    answer_seconds: int = 220
    most_runs: int = 6
    idle_seconds: int = 1800
    most_conversations: int = 100
    most_turns: int = 100
    most_message_characters: int = 20_000
    most_upload_bytes: int = 50_000_000
    patience_seconds: float = 30


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""
    values = {name: value.strip() for name, value in environment.items() if value.strip()}
    url = values.get("CONNECTOR_URL", "").rstrip("/")
    if not url.startswith(("http://", "https://")) or not url.endswith("/api"):
        raise SettingsError("CONNECTOR_URL is missing or wrong. Set it to the connector's address, which ends in /api.")
    key, audience = values.get("CONNECTOR_KEY"), values.get("CONNECTOR_AUDIENCE")
    if key and audience:
        raise SettingsError("CONNECTOR_KEY and CONNECTOR_AUDIENCE are both set. Keep the one that the connector uses.")
    run_seconds = _number(values, "RUN_TIMEOUT_SECONDS", 120, 2, 3600)
    return Settings(
        connector_url=url,
        connector_key=key,
        connector_audience=audience,
        client_id=values.get("AZURE_CLIENT_ID"),
        model=_model(values),
        allowed_hosts=_allowed_hosts(values),
        run_seconds=run_seconds,
        answer_seconds=_number(values, "ANSWER_TIMEOUT_SECONDS", 220, 5, 7200),
        most_runs=_number(values, "RUNS_PER_ANSWER", 6, 1, 50),
        idle_seconds=_number(values, "IDLE_SECONDS", 1800, 1, 86_400),
        most_conversations=_number(values, "MAX_CONVERSATIONS", 100, 1, 10_000),
    )


def _model(values: Mapping[str, str]) -> OpenAI | AzureOpenAI | None:
    key, endpoint = values.get("OPENAI_API_KEY"), values.get("AZURE_OPENAI_ENDPOINT")
    if key and endpoint:
        raise SettingsError("OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT are both set. Keep one of the two.")
    if key:
        model = values.get("OPENAI_MODEL")
        if not model:
            raise SettingsError("OPENAI_MODEL is missing. Set it to the name of a model, such as gpt-4o.")
        return OpenAI(model, key, values.get("OPENAI_BASE_URL"))
    if endpoint:
        deployment = values.get("AZURE_OPENAI_DEPLOYMENT")
        if not deployment:
            raise SettingsError("AZURE_OPENAI_DEPLOYMENT is missing. Set it to the name of a deployment.")
        return AzureOpenAI(endpoint, deployment, values.get("AZURE_OPENAI_API_VERSION", "2024-10-21"))
    for name in ("OPENAI_MODEL", "OPENAI_BASE_URL"):
        if name in values:
            raise SettingsError(f"{name} is set without OPENAI_API_KEY. Set both; an endpoint may accept any key.")
    return None


def _allowed_hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    """Any in Azure Container Apps, which sets CONTAINER_APP_NAME: its ingress forwards only requests for the app's own
    names.
    """
    names = values.get("ALLOWED_HOSTS", ANY if "CONTAINER_APP_NAME" in values else "")
    return tuple(name.strip().lower() for name in names.split(",") if name.strip())


def _number(values: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = values.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is not a whole number from {least} to {most}. Set one, or leave it out.")
    return int(text)
