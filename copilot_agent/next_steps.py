"""What a person does with the app package: store the key or the client, put its ID in, upload. Text, to be printed.

Names of pages and fields: learn.microsoft.com, "Configure API key authentication" and "Configure OAuth 2.0
authentication" for plugins of Microsoft 365 Copilot (August 2026).
"""

from pathlib import Path
from typing import Any

from connector_package.package import Entra, SignIn

from .app_package import NO_REFERENCE, Choices

Json = dict[str, Any]

PORTAL = "https://dev.teams.microsoft.com/tools"
REDIRECT = "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"


def next_steps(package: Path, document: Json, sign_in: SignIn, choices: Choices) -> list[str]:
    """The lines. `document` is that which the package was made of."""
    upload = [
        "Upload the package: in Microsoft Teams, choose Apps, Manage your apps, Upload an app, Upload a custom app,",
        f"   and select {package.resolve()}",
        "   For everyone: in the Teams admin center, choose Teams apps, Manage apps, Actions, Upload new app.",
    ]
    ask = [
        "Test it: open Microsoft 365 Copilot, select the agent Code Interpreter, and ask",
        "       Draw a bar chart of: North 1200, South 800, West 450",
        "   Allow the call. The answer has a card with the chart, and a link that opens it.",
    ]
    steps = [upload, ask]
    if choices.reference_id == NO_REFERENCE:
        steps = [_registration(document, sign_in), _again(), *steps]
    return [line for number, step in enumerate(steps, 1) for line in (f"{number}. {step[0]}", *step[1:], "")][:-1]


def _registration(document: Json, sign_in: SignIn) -> list[str]:
    url = document["servers"][0]["url"]
    if not isinstance(sign_in, Entra):
        return [
            f"Store the key: open {PORTAL}, choose API key registration, New API key, and fill in",
            "       API key name      Code Interpreter",
            f"       Base URL          {url}",
            "       Add secret        a function key of the app",
            "   Choose Save, and copy the API key registration ID.",
        ]
    ((scheme,),) = [list(document["components"]["securitySchemes"].values())]
    flow = scheme["flows"]["authorizationCode"]
    return [
        f"Register the sign-in: in the Azure portal, open the app registration {sign_in.client_id}, choose",
        "   Authentication, Add a platform, Web, and enter the redirect URI",
        f"       {REDIRECT}",
        "   Under Certificates & secrets, create a client secret.",
        f"   Then open {PORTAL}, choose OAuth client registration, New OAuth client registration, and fill in",
        "       Registration name       Code Interpreter",
        f"       Base URL                {url}",
        f"       Client ID               {sign_in.client_id}",
        "       Client secret           that of the app registration",
        f"       Authorization endpoint  {flow['authorizationUrl']}",
        f"       Token endpoint          {flow['tokenUrl']}",
        f"       Refresh endpoint        {flow['refreshUrl']}",
        f"       Scope                   {' '.join(flow['scopes'])} offline_access",
        "   Choose Save, and copy the OAuth client registration ID.",
    ]


def _again() -> list[str]:
    return [
        "Put the ID into the package: run the same command again, with REFERENCE_ID='...' added.",
        f"   Until then, the package has {NO_REFERENCE} in its place, and cannot sign in.",
    ]
