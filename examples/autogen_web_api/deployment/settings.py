"""The settings of a deployment: which model answers, and who may call."""

import ipaddress
import re
from collections.abc import Mapping

from .azd import Refused

CALLERS = ("ALLOWED_ADDRESSES", "SIGN_IN_CLIENT_ID")
MODELS = ("AZURE_OPENAI_ID", "AZURE_OPENAI_MODEL", "OPENAI_MODEL")
"""Each of these chooses a model: of an existing Azure OpenAI account, of a new one, of OpenAI. The first one counts."""
OF_A_MODEL = {
    "AZURE_OPENAI_ID": ("AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_API_VERSION"),
    "AZURE_OPENAI_MODEL": ("AZURE_OPENAI_MODEL_VERSION", "AZURE_OPENAI_API_VERSION"),
    "OPENAI_MODEL": ("OPENAI_BASE_URL",),
}
MODEL_SETTINGS = (
    *MODELS,
    "AZURE_OPENAI_DEPLOYMENT",
    "AZURE_OPENAI_API_VERSION",
    "AZURE_OPENAI_MODEL_VERSION",
    "OPENAI_BASE_URL",
)

DEPLOYMENT_OF_A_NEW_ACCOUNT = "model"
"""As infra/resources.bicep names it."""

_ACCOUNT_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.CognitiveServices/accounts/[^/]+", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def audience(connector: Mapping[str, str]) -> str:
    """For tokens of a connector whose callers sign in with Entra ID; else empty, which means its function key."""
    return f"api://{connector['ENTRA_CLIENT_ID']}" if connector.get("CONNECTOR_AUTH") == "entra" else ""


def model_settings(environment: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """The model of this call, or that of the last deployment; the settings of the others are empty. Raises Refused."""
    given = next((name for name in MODELS if environment.get(name)), None)
    source = environment if given else stored
    chosen = next((name for name in MODELS if source.get(name)), None)
    if chosen is None:
        raise Refused(
            "No model is given. Set AZURE_OPENAI_ID and AZURE_OPENAI_DEPLOYMENT for an existing account, "
            "AZURE_OPENAI_MODEL for a new one, or OPENAI_API_KEY and OPENAI_MODEL."
        )
    names = (chosen, *OF_A_MODEL[chosen])
    settings = {name: source.get(name, "") if name in names else "" for name in MODEL_SETTINGS}
    if chosen == "AZURE_OPENAI_ID":
        if not _ACCOUNT_ID.fullmatch(settings["AZURE_OPENAI_ID"]):
            raise Refused(
                "AZURE_OPENAI_ID is not the resource ID of an Azure OpenAI account. "
                "`az cognitiveservices account show --name NAME --resource-group GROUP --query id` prints it."
            )
        if not settings["AZURE_OPENAI_DEPLOYMENT"]:
            raise Refused(
                "AZURE_OPENAI_DEPLOYMENT is missing. Set it to the name of a model's deployment in the account."
            )
    elif chosen == "AZURE_OPENAI_MODEL":
        settings["AZURE_OPENAI_DEPLOYMENT"] = DEPLOYMENT_OF_A_NEW_ACCOUNT
    elif not environment.get("OPENAI_API_KEY"):
        raise Refused("OPENAI_API_KEY is missing. Set it at every deployment: it is stored in the container app alone.")
    return settings


def caller_settings(environment: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Who may call: of this call, where a setting is present, else of the last deployment. Raises Refused."""
    settings = {name: environment.get(name, stored.get(name, "")).strip() for name in CALLERS}
    addresses = [address.strip() for address in settings["ALLOWED_ADDRESSES"].split(",") if address.strip()]
    try:
        settings["ALLOWED_ADDRESSES"] = ",".join(str(ipaddress.IPv4Network(text, strict=False)) for text in addresses)
    except ValueError as error:
        raise Refused(
            f"ALLOWED_ADDRESSES is wrong: {error}. Set IPv4 addresses or ranges, such as 203.0.113.7/32, with commas."
        ) from None
    if settings["SIGN_IN_CLIENT_ID"] and not _UUID.fullmatch(settings["SIGN_IN_CLIENT_ID"]):
        raise Refused("SIGN_IN_CLIENT_ID is not the client ID of an app registration, which is a UUID. Correct it.")
    return settings
