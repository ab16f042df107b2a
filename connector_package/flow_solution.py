"""The solution with the flows of examples/power_automate, for makers who have imported the connector's.

On import, Power Automate asks for a connection for each connection reference, and for the value of each environment
variable. The flows are turned off, so that nothing runs before their maker has seen them.
"""

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import connector_solution as connector
from .package import ROOT
from .solution import (
    PREFIX,
    WORKFLOW,
    Component,
    Dependency,
    Solution,
    Xml,
    element,
    elements,
    file_of,
    labeled,
    localized,
    solution_version,
)

Json = dict[str, Any]

FLOWS = ROOT / "examples" / "power_automate"
UNIQUE_NAME, TITLE = "CodeInterpreterFlows", "Code Interpreter Flows"
FIRST_VERSION = "1.0.0.0"

_SHAREPOINT = "shared_sharepointonline"
_APIS = "/providers/Microsoft.PowerApps/apis"
_TEXT, _DATA_SOURCE = "100000000", "100000004"  # types of environment variables


@dataclass(frozen=True)
class ConnectionReference:
    """A placeholder for a connection: `api` is the name of the API in flows."""

    name: str
    display_name: str
    api: str
    is_custom: bool = False

    @property
    def logical_name(self) -> str:
        return f"{PREFIX}_{self.name}"

    def xml(self) -> Xml:
        made = elements(
            "connectionreference",
            {"connectionreferencedisplayname": self.display_name, "connectorid": f"{_APIS}/{self.api}"},
            connectionreferencelogicalname=self.logical_name,
        )
        if self.is_custom:
            made.append(elements("customconnectorid", {"connectorid": connector.ID}))
        for name, value in (
            ("iscustomizable", "1"),
            ("promptingbehavior", "0"),
            ("statecode", "0"),
            ("statuscode", "1"),
        ):
            made.append(element(name, value))
        return made


@dataclass(frozen=True)
class EnvironmentVariable:
    """A value that makers enter on import.

    A `data_source` is a parameter of SharePoint's actions, whose values they choose from a list: of the site that
    `parent` names if it is a library. Anything else is text.
    """

    name: str
    display_name: str
    description: str
    default: str = ""
    data_source: str = ""
    parent: str = ""

    @property
    def schema_name(self) -> str:
        return f"{PREFIX}_{self.name}"

    def xml(self) -> Xml:
        made = Xml("environmentvariabledefinition", {"schemaname": self.schema_name})
        if self.data_source:
            made.append(element("apiid", f"{_APIS.lower()}/{_SHAREPOINT}"))
        if self.default:
            made.append(element("defaultvalue", self.default))
        made.append(labeled("description", self.description))
        made.append(labeled("displayname", self.display_name))
        made.append(element("introducedversion", FIRST_VERSION))
        made.append(element("iscustomizable", "1"))
        made.append(element("isrequired", "0"))
        if self.data_source:
            made.append(element("parameterkey", self.data_source))
        if self.parent:
            made.append(elements("parentdefinitionid", {"schemaname": f"{PREFIX}_{self.parent}"}))
        made.append(element("secretstore", "0"))
        made.append(element("type", _DATA_SOURCE if self.data_source else _TEXT))
        return made


@dataclass(frozen=True)
class Flow:
    """A flow, of the folder with its name. Its ID stays the same, so that another import updates it."""

    folder: str
    title: str

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://code-interpreter-connector/flows/{self.folder}"))

    @property
    def source(self) -> Path:
        return FLOWS / self.folder / "flow.json"

    @property
    def path(self) -> str:
        """Its path in the solution. Exports leave out all but letters and digits of the title."""
        return f"Workflows/{re.sub('[^A-Za-z0-9]', '', self.title)}-{self.id.upper()}.json"

    def xml(self) -> Xml:
        made = elements(
            "Workflow",
            {
                "JsonFileName": f"/{self.path}",
                "Type": "1",  # a definition
                "Subprocess": "0",
                "Category": "5",  # a cloud flow
                "Mode": "0",
                "Scope": "4",  # the organization
                "OnDemand": "0",
                "TriggerOnCreate": "0",
                "TriggerOnDelete": "0",
                "AsyncAutodelete": "0",
                "SyncWorkflowLogOnFailure": "0",
                "StateCode": "0",  # turned off
                "StatusCode": "1",
                "RunAs": "1",
                "IsTransacted": "1",
                "IntroducedVersion": FIRST_VERSION,
                "IsCustomizable": "1",
                "BusinessProcessType": "0",
                "IsCustomProcessingStepAllowedForOtherPublishers": "1",
                "PrimaryEntity": "none",
            },
            WorkflowId=f"{{{self.id}}}",
            Name=self.title,
        )
        made.append(localized("LocalizedNames", self.title))
        return made


CONNECTION_REFERENCES = (
    ConnectionReference("codeinterpreter_connection", "Code Interpreter", connector.API_NAME, is_custom=True),
    ConnectionReference("sharepoint_connection", "SharePoint", _SHAREPOINT),
    ConnectionReference("outlook_connection", "Office 365 Outlook", "shared_office365"),
    ConnectionReference("approvals_connection", "Approvals", "shared_approvals"),
)
ENVIRONMENT_VARIABLES = (
    EnvironmentVariable("Site", "SharePoint site", "The site with your files.", data_source="dataset"),
    EnvironmentVariable(
        "Library", "Document library", "The library of this site with your files.", data_source="table", parent="Site"
    ),
    EnvironmentVariable(
        "CodeFolder",
        "Code folder",
        "The folder with the Python code: sales_report.py, clean_up.py, check_expenses.py.",
        "/Shared Documents/Code",
    ),
    EnvironmentVariable(
        "ReportFolder", "Report folder", "The folder with the files of the weekly report.", "/Shared Documents/Sales"
    ),
    EnvironmentVariable(
        "IncomingFolder", "Incoming folder", "The folder whose new files are cleaned.", "/Shared Documents/Incoming"
    ),
    EnvironmentVariable(
        "CleanedFolder",
        "Cleaned folder",
        "The folder for the cleaned files. It must not be inside the incoming folder.",
        "/Shared Documents/Cleaned",
    ),
    EnvironmentVariable(
        "SubmittedFolder",
        "Submitted folder",
        "The folder for new lists of expenses.",
        "/Shared Documents/Expenses/Submitted",
    ),
    EnvironmentVariable(
        "ApprovedFolder",
        "Approved folder",
        "The folder for approved lists of expenses. It must not be inside the submitted folder.",
        "/Shared Documents/Expenses/Approved",
    ),
    EnvironmentVariable("Recipients", "Recipients", "The e-mail addresses for reports and links, with ; between."),
    EnvironmentVariable("Maker", "Maker", "Your own e-mail address, for what went wrong."),
    EnvironmentVariable("Approver", "Approver", "The e-mail address of the person who approves expenses."),
)
ALL_FLOWS = (
    Flow("scheduled_report", "Scheduled report"),
    Flow("clean_up_file", "Clean up a file"),
    Flow("approve_expenses", "Approve expenses"),
)


def flow_solution(version: str) -> Solution:
    """The solution for the connector with this version. It is the same for all deployments."""
    connector_version = solution_version(version)
    flows = {flow: flow.source.read_bytes() for flow in ALL_FLOWS}
    variables = {
        f"environmentvariabledefinitions/{each.schema_name}/environmentvariabledefinition.xml": file_of(each.xml())
        for each in ENVIRONMENT_VARIABLES
    }
    return Solution(
        unique_name=UNIQUE_NAME,
        display_name=TITLE,
        description="Flows that run Python on files: a weekly report, a clean-up, an approval of expenses.",
        version=connector_version,
        root_components=tuple(
            Component({"type": WORKFLOW, "id": f"{{{flow.id}}}", "behavior": "0"})
            for flow in sorted(flows, key=lambda flow: flow.id)
        ),
        sections={
            "Workflows": [flow.xml() for flow in flows],
            "connectionreferences": [each.xml() for each in CONNECTION_REFERENCES],
        },
        files={**{flow.path: content for flow, content in flows.items()}, **variables},
        dependencies=tuple(_dependencies(connector_version)),
    )


def _dependencies(version: str) -> list[Dependency]:
    required = connector.required(version)
    flows = [
        Dependency(required, Component({"type": WORKFLOW, "displayName": flow.title, "id": f"{{{flow.id}}}"}))
        for flow in ALL_FLOWS
    ]
    references = [
        Dependency(
            required,
            Component(
                {
                    "type": "connectionreference",
                    "displayName": each.logical_name,
                    "id.connectionreferencelogicalname": each.logical_name,
                }
            ),
        )
        for each in CONNECTION_REFERENCES
        if each.is_custom
    ]
    return flows + references
