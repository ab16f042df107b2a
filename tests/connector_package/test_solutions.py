"""The solutions for Power Automate are consistent, have the form of exported ones, and contain no secret."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from connector_package import connector_solution, flow_solution
from connector_package.package import POWER_PLATFORM, Entra, FunctionKey, SignIn
from connector_package.solution import PREFIX, solution_version
from connector_package.solutions import CODE, write_solutions

URL = "https://my-app.azurewebsites.net/api"
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"
SIGN_INS = {"key": FunctionKey(), "entra": Entra(TENANT, CLIENT, "api://the-connector")}
document = Documents(read_document()).makers

# As the exports have them, in this order: CoE Starter Kit, its audit logs, microsoft/iom-provider-shopify, and others.
SECTIONS = (
    "Entities Roles Workflows FieldSecurityProfiles Templates EntityMaps EntityRelationships OrganizationSettings "
    "optionsets CustomControls EntityDataProviders Connectors connectionreferences Languages"
).split()
CONNECTOR = (
    "connectorid description displayname iconbrandcolor name connectortype openapidefinition connectionparameters "
    "policytemplateinstances iconblob"
).split()
WORKFLOW = (
    "JsonFileName Type Subprocess Category Mode Scope OnDemand TriggerOnCreate TriggerOnDelete AsyncAutodelete "
    "SyncWorkflowLogOnFailure StateCode StatusCode RunAs IsTransacted IntroducedVersion IsCustomizable "
    "BusinessProcessType IsCustomProcessingStepAllowedForOtherPublishers PrimaryEntity LocalizedNames"
).split()
REFERENCE = (
    "connectionreferencedisplayname connectorid customconnectorid iscustomizable promptingbehavior statecode statuscode"
).split()
VARIABLE = (
    "apiid defaultvalue description displayname introducedversion iscustomizable isrequired parameterkey "
    "parentdefinitionid secretstore type"
).split()
MANIFEST = "UniqueName LocalizedNames Descriptions Version Managed Publisher RootComponents MissingDependencies".split()


class Zip:
    """An archive, as an import reads it."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = self.xml("solution.xml").find("SolutionManifest")
        self.customizations = self.xml("customizations.xml")

    def xml(self, name: str) -> Any:
        return ElementTree.parse(io.BytesIO(self.files[name])).getroot()

    def json(self, name: str) -> Any:
        return json.loads(self.files[name.removeprefix("/")])


@pytest.fixture(params=SIGN_INS)
def caller_sign_in(request: pytest.FixtureRequest) -> SignIn:
    return SIGN_INS[request.param]


@pytest.fixture
def zips(tmp_path: Path, caller_sign_in: SignIn) -> tuple[Zip, Zip]:
    connector, flows = write_solutions(tmp_path, URL, caller_sign_in, document)
    return Zip(connector), Zip(flows)


@pytest.fixture
def flows(tmp_path: Path) -> Zip:
    return Zip(write_solutions(tmp_path, URL, FunctionKey(), document)[1])


def names(element: Any) -> list[str]:
    return [child.tag for child in element]


def parameters(zipped: Zip) -> Iterator[tuple[str, Any]]:
    """The parameters of flows that are environment variables, by schema name."""
    for name in zipped.files:
        if name.startswith("Workflows/"):
            definition = zipped.json(name)["properties"]["definition"]
            for title, parameter in definition["parameters"].items():
                if not title.startswith("$"):
                    yield title, parameter


def test_same_input_makes_same_bytes(tmp_path, caller_sign_in):
    """The names state the version, and another time makes the same files."""
    first, second = (write_solutions(tmp_path / name, URL, caller_sign_in, document) for name in ("a", "b"))
    assert [path.name for path in first] == [
        "CodeInterpreterConnector_1_0_0_0.zip",
        "CodeInterpreterFlows_1_0_0_0.zip",
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_solution_has_the_form_of_an_export(zips):
    """Files, sections, and elements are those of exported solutions, in their order; all files have a type."""
    for zipped in zips:
        assert list(zipped.files)[:3] == ["[Content_Types].xml", "solution.xml", "customizations.xml"]
        types = {entry.get("Extension") for entry in zipped.xml("[Content_Types].xml")}
        assert types == {name.rpartition(".")[2] for name in zipped.files}
        assert names(zipped.manifest) == MANIFEST
        assert zipped.manifest.findtext("Managed") == "0"
        assert zipped.manifest.findtext("Publisher/CustomizationPrefix") == PREFIX
        sections = names(zipped.customizations)
        assert sections == [name for name in SECTIONS if name in sections]
        for element, known in (
            *((each, CONNECTOR) for each in zipped.customizations.iter("Connector")),
            *((each, WORKFLOW) for each in zipped.customizations.iter("Workflow")),
            *((each, REFERENCE) for each in zipped.customizations.iter("connectionreference")),
            *((zipped.xml(name), VARIABLE) for name in zipped.files if name.startswith("environmentvariable")),
        ):
            found = names(element)
            assert found == [name for name in known if name in found]


def test_connector_is_complete(zips, caller_sign_in):
    """The root component is the connector, whose files are those of the package for paconn."""
    zipped, _ = zips
    (component,) = zipped.manifest.find("RootComponents")
    (connector,) = zipped.customizations.iter("Connector")
    assert component.attrib == {
        "type": "372",
        "id": f"{{{connector.findtext('connectorid')}}}",
        "schemaName": connector.findtext("name"),
        "behavior": "0",
    }
    paths = {kind: connector.findtext(kind) for kind in CONNECTOR[-4:]}
    assert [path.removeprefix("/") for path in sorted(paths.values())] == sorted(list(zipped.files)[3:])
    properties = caller_sign_in.properties()["properties"]
    assert zipped.json(paths["openapidefinition"]) == caller_sign_in.definition(document(URL))
    assert zipped.json(paths["connectionparameters"]) == properties["connectionParameters"]
    assert zipped.json(paths["policytemplateinstances"]) == []
    assert zipped.files[paths["iconblob"].removeprefix("/")] == (POWER_PLATFORM / "solution-icon.png").read_bytes()
    assert connector.findtext("iconbrandcolor") == properties["iconBrandColor"]


def test_flows_are_those_of_the_examples(flows):
    """Each root component is a flow, turned off, whose file is that of its example."""
    components = {component.get("id"): component.get("type") for component in flows.manifest.find("RootComponents")}
    workflows = {each.get("WorkflowId"): each for each in flows.customizations.iter("Workflow")}
    assert set(components) == set(workflows) and set(components.values()) == {"29"}
    examples = {flow.source.read_bytes() for flow in flow_solution.ALL_FLOWS}
    assert len(examples) == len(workflows)
    assert {path.parent.name for path in flow_solution.FLOWS.glob("*/flow.json")} == {
        flow.folder for flow in flow_solution.ALL_FLOWS
    }
    files = {each.findtext("JsonFileName").removeprefix("/") for each in workflows.values()}
    assert files == {name for name in flows.files if name.startswith("Workflows/")}
    assert {flows.files[name] for name in files} == examples
    for identifier, workflow in workflows.items():
        assert identifier.strip("{}").upper() in workflow.findtext("JsonFileName")
        assert (workflow.findtext("StateCode"), workflow.findtext("StatusCode")) == ("0", "1")


def test_connection_references_are_declared_and_used(flows):
    """A flow names declared references, for the same API; one names the connector of the other zip."""
    declared = {
        each.get("connectionreferencelogicalname"): each.findtext("connectorid").rpartition("/")[2]
        for each in flows.customizations.iter("connectionreference")
    }
    used = {}
    for name in flows.files:
        if name.startswith("Workflows/"):
            for key, reference in flows.json(name)["properties"]["connectionReferences"].items():
                assert key == reference["api"]["name"]
                used[reference["connection"]["connectionReferenceLogicalName"]] = key
                is_custom = key == connector_solution.API_NAME
                assert reference["api"].get("logicalName") == (connector_solution.NAME if is_custom else None)
    assert used == declared
    custom = [each for each in flows.customizations.iter("connectionreference") if each.find("customconnectorid")]
    assert [each.findtext("connectorid").rpartition("/")[2] for each in custom] == [connector_solution.API_NAME]
    assert custom[0].findtext("customconnectorid/connectorid") == connector_solution.ID


def test_environment_variables_are_declared_and_used(flows):
    """Each variable has a file of its own and is a parameter of a flow, with the same title and default."""
    declared = {}
    for name in flows.files:
        if name.startswith("environmentvariabledefinitions/"):
            variable = flows.xml(name)
            assert name.split("/")[1] == variable.get("schemaname")
            title = f"{variable.find('displayname').get('default')} ({variable.get('schemaname')})"
            declared[title] = {
                "defaultValue": variable.findtext("defaultvalue", ""),
                "type": "String",
                "metadata": {
                    "schemaName": variable.get("schemaname"),
                    "description": variable.find("description").get("default"),
                },
            }
            parent = variable.findtext("parentdefinitionid/schemaname")
            assert parent is None or f"environmentvariabledefinitions/{parent}/" in "\n".join(flows.files)
    used = dict(parameters(flows))
    assert used == declared
    assert all(used[title] == parameter for title, parameter in parameters(flows))


def test_flows_require_the_connector(zips):
    """The manifest states that each flow, and the reference, need the connector of the other solution."""
    connector, flows = zips
    needed = f"{connector.manifest.findtext('UniqueName')} ({connector.manifest.findtext('Version')})"
    (component,) = connector.manifest.find("RootComponents")
    dependents = []
    for dependency in flows.manifest.find("MissingDependencies"):
        required, dependent = dependency
        assert (required.get("solution"), required.get("id")) == (needed, component.get("id"))
        assert required.get("schemaName") == component.get("schemaName")
        dependents.append(dependent.get("id") or dependent.get("id.connectionreferencelogicalname"))
    flow_ids = [each.get("id") for each in flows.manifest.find("RootComponents")]
    assert sorted(dependents) == sorted([*flow_ids, "cic_codeinterpreter_connection"])


def test_texts_fit_into_their_columns(zips):
    """Those of the tables that an import fills, according to Microsoft's reference of Dataverse."""
    connector, flows = zips
    (element,) = connector.customizations.iter("Connector")
    assert len(element.findtext("description")) <= 1000
    assert len(connector.files[element.findtext("openapidefinition").removeprefix("/")]) <= 500_000
    for variable in flow_solution.ENVIRONMENT_VARIABLES:
        assert max(map(len, (variable.schema_name, variable.display_name))) <= 100
        assert max(map(len, (variable.description, variable.default))) <= 2000
    for each in (*flow_solution.ALL_FLOWS, *flow_solution.CONNECTION_REFERENCES):
        assert len(getattr(each, "title", "") or each.logical_name) <= 100


def test_solutions_contain_no_secret_and_no_value_of_a_tenant(zips, caller_sign_in):
    """A key or client secret is entered after the import; flows have no site, address or recipient."""
    connector, flows = zips
    texts = b"\n".join(content for name, content in connector.files.items() if not name.endswith(".Png")).decode()
    assert "clientSecret" not in texts and "client_secret" not in texts
    assert (CLIENT in texts) == isinstance(caller_sign_in, Entra)
    assert "my-app" not in b"".join(flows.files.values()).decode()
    assert "sharepoint.com" not in b"".join(flows.files.values()).decode()
    for variable in flow_solution.ENVIRONMENT_VARIABLES:
        assert not variable.default or variable.default.startswith("/Shared Documents/")


@pytest.mark.parametrize(("version", "expected"), [("1.0.0", "1.0.0.0"), ("2.13", "2.13.0.0"), ("1.2.3.4", "1.2.3.4")])
def test_version_has_four_parts(version, expected):
    """The version of the document is that of the solution."""
    assert solution_version(version) == expected


def test_code_of_the_flows_is_beside_them(tmp_path, flows):
    """The folder code has each file that a flow gets from the library, as it is in the examples."""
    for name in flows.files:
        if name.startswith("Workflows/"):
            (code,) = set(re.findall(r"/([a-z_]+\.py)\"", flows.files[name].decode()))
            assert (tmp_path / "code" / code).read_text() == (CODE / code).read_text()


def test_version_that_no_solution_can_have():
    """A version with letters is refused."""
    with pytest.raises(ValueError, match=r"'1\.0\.0-beta' is no version of a solution"):
        solution_version("1.0.0-beta")
