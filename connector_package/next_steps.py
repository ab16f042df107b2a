"""What a maker does with the written files: create the connector, test it, import the flows. Text, to be printed."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from .package import SCRIPT, Entra, SignIn

PORTAL = "https://make.powerautomate.com"

_PAC_OPTIONS = (
    "--api-definition-file apiDefinition.swagger.json --api-properties-file apiProperties.json --icon-file icon.png"
)
_SECURITY = (
    "Then open the connector under Custom connectors, and its page Security. Enter the client secret, unless the",
    "script has asked for it, and choose Update connector. Copy the Redirect URL; in the Azure portal, open the app",
    "registration, choose Authentication, Add a platform, Web, and paste it.",
)


def next_steps(folder: Path, caller_sign_in: SignIn, solutions: Sequence[Path]) -> list[str]:
    """The lines. `solutions` are the zips with the connector and with the flows, in this order."""
    connector, flows = (str(path.resolve()) for path in solutions)
    place, is_entra = str(folder.resolve()), isinstance(caller_sign_in, Entra)
    return [
        "1. Create the connector, in one of these ways:",
        f"   - For the flows of step 3: open {PORTAL}, choose Solutions, Import solution, and select",
        f"       {connector}",
        "   - On its own, with a command:",
        f"       Linux, macOS  cd {shlex.quote(place)} && ./{SCRIPT}",
        f"       PowerShell    cd {_quoted(place)}; pac auth create; pac connector create {_PAC_OPTIONS}",
        *(f"   {line}" for line in _SECURITY if is_entra),
        "",
        "2. Create a connection and test it: choose Custom connectors, Code Interpreter, Edit, Test, New connection,",
        f"   and {'sign in' if is_entra else 'paste a function key'}. Then select the operation CheckConnection, and "
        "choose Test operation: the status is 200.",
        "",
        "3. Import the flows: upload the files of solutions/code to a folder Code in SharePoint, choose Solutions,",
        "   Import solution, and select this file. examples/power_automate/README.md of the project has each click.",
        f"       {flows}",
        "   Or add actions of Code Interpreter to a flow of your own: readme.md shows how (Getting Started).",
        "",
        f"For agents in Copilot Studio, create the connector of {folder.resolve() / 'mcp'} by a command of step 1.",
    ]


def _quoted(text: str) -> str:
    """For PowerShell."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
