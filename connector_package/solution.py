"""A solution of Power Platform, as the zip that makers import under Solutions.

A solution is a zip with a manifest (`solution.xml`), the properties of its components (`customizations.xml`), their
files, and the content types of these. The names, order and values of the elements are those of solutions that
others have exported and published: the CoE Starter Kit of Microsoft (with a custom connector in one solution, and
flows that use it in another), Microsoft's provider for Shopify (a custom connector), and solutions with flows of
several makers. All of them agree in what is written here.

The zip is unmanaged, so that makers can change what they have imported. The same input makes the same bytes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from .archive import zipped

WORKFLOW, CONNECTOR = "29", "372"
"""Types of components, as a manifest has them: a cloud flow, and a custom connector."""

LANGUAGE = "1033"
PREFIX = "cic"
"""Of the publisher: the names of all components start with it. 2 to 8 letters and digits, not `mscrm`."""

_PLATFORM_VERSION = "9.2.22064.56"  # of an export of 2022: an environment imports from its own version and older ones
_PUBLISHER = ("codeinterpreterconnector", "Code Interpreter Connector maintainers")
_CHOICE_PREFIX = "61420"  # of the values of choices, of which there are none: 10000 to 99999
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_EVERY_SOLUTION = (  # sections of customizations.xml that exports contain even if they are empty
    "Entities",
    "Roles",
    "Workflows",
    "FieldSecurityProfiles",
    "Templates",
    "EntityMaps",
    "EntityRelationships",
    "OrganizationSettings",
    "optionsets",
    "CustomControls",
    "EntityDataProviders",
)
_IF_NOT_EMPTY = ("Connectors", "connectionreferences")
_ADDRESS = (
    "AddressTypeCode City County Country Fax FreightTermsCode ImportSequenceNumber Latitude Line1 Line2 Line3 "
    "Longitude Name PostalCode PostOfficeBox PrimaryContactName ShippingMethodCode StateOrProvince Telephone1 "
    "Telephone2 Telephone3 TimeZoneRuleVersionNumber UPSZone UTCOffset UTCConversionTimeZoneCode "
).split()

Xml = ElementTree.Element


@dataclass(frozen=True)
class Component:
    """Something in a manifest: a root component, or one end of a dependency, with its attributes in order."""

    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Dependency:
    """`dependent`, a component of the solution, needs `required`, a component of another one."""

    required: Component
    dependent: Component


@dataclass(frozen=True)
class Solution:
    """What the zip contains. `sections` are the filled sections of customizations.xml, `files` are by their path."""

    unique_name: str
    display_name: str
    description: str
    version: str
    root_components: tuple[Component, ...]
    sections: Mapping[str, Iterable[Xml]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()

    @property
    def file_name(self) -> str:
        """That of an export: the unique name and the version."""
        return f"{self.unique_name}_{self.version.replace('.', '_')}.zip"

    def archive(self) -> bytes:
        """The zip: the same bytes for the same solution."""
        return zipped(
            {
                "[Content_Types].xml": _text(_content_types(self.files)),
                "solution.xml": _text(_manifest(self)),
                "customizations.xml": _text(_customizations(self.sections)),
                **{path: self.files[path] for path in sorted(self.files)},
            }
        )


def solution_version(version: str) -> str:
    """The version of a document, such as 1.2.3, as a solution has it: with four parts."""
    if not re.fullmatch(r"\d+(\.\d+){0,3}", version):
        raise ValueError(f"'{version}' is no version of a solution: up to four numbers with points between")
    parts = version.split(".")
    return ".".join(parts + ["0"] * (4 - len(parts)))


def element(name: str, text: str = "", **attributes: str) -> Xml:
    """An element with text."""
    made = Xml(name, attributes)
    made.text = text or None
    return made


def elements(name: str, texts: Mapping[str, str], **attributes: str) -> Xml:
    """An element whose children have one text each, in order."""
    made = Xml(name, attributes)
    made.extend(element(child, text) for child, text in texts.items())
    return made


def localized(name: str, text: str) -> Xml:
    """`<LocalizedNames>`, or what the exports call it elsewhere, with one text in English."""
    made = Xml(name)
    child = "Description" if name == "Descriptions" else "LocalizedName"
    made.append(element(child, description=text, languagecode=LANGUAGE))
    return made


def labeled(name: str, text: str) -> Xml:
    """A text of an environment variable, with the same label in English."""
    made = Xml(name, {"default": text})
    made.append(element("label", description=text, languagecode=LANGUAGE))
    return made


def file_of(root: Xml) -> bytes:
    """An XML file of a component, which the exports write without a declaration."""
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written


def _manifest(solution: Solution) -> Xml:
    root = Xml(
        "ImportExportXml",
        {
            "version": _PLATFORM_VERSION,
            "SolutionPackageVersion": "9.2",
            "languagecode": LANGUAGE,
            "generatedBy": "CrmLive",
        },
    )
    manifest = ElementTree.SubElement(root, "SolutionManifest")
    manifest.append(element("UniqueName", solution.unique_name))
    manifest.append(localized("LocalizedNames", solution.display_name))
    manifest.append(localized("Descriptions", solution.description))
    manifest.append(element("Version", solution.version))
    manifest.append(element("Managed", "0"))
    manifest.append(_publisher())
    components = ElementTree.SubElement(manifest, "RootComponents")
    components.extend(element("RootComponent", **each.attributes) for each in solution.root_components)
    missing = ElementTree.SubElement(manifest, "MissingDependencies")
    for dependency in solution.dependencies:
        entry = ElementTree.SubElement(missing, "MissingDependency")
        entry.append(element("Required", **dependency.required.attributes))
        entry.append(element("Dependent", **dependency.dependent.attributes))
    return root


def _publisher() -> Xml:
    name, display_name = _PUBLISHER
    made = Xml("Publisher")
    made.append(element("UniqueName", name))
    made.append(localized("LocalizedNames", display_name))
    made.append(element("Descriptions"))
    made.extend(_nothing(child) for child in ("EMailAddress", "SupportingWebsiteUrl"))
    made.append(element("CustomizationPrefix", PREFIX))
    made.append(element("CustomizationOptionValuePrefix", _CHOICE_PREFIX))
    addresses = ElementTree.SubElement(made, "Addresses")
    for number in ("1", "2"):
        address = elements("Address", {"AddressNumber": number})
        address.extend(_nothing(child) for child in _ADDRESS)
        addresses.append(address)
    return made


def _nothing(name: str) -> Xml:
    return Xml(name, {f"{{{_XSI}}}nil": "true"})


def _customizations(sections: Mapping[str, Iterable[Xml]]) -> Xml:
    root = Xml("ImportExportXml")
    for name in _EVERY_SOLUTION + tuple(name for name in _IF_NOT_EMPTY if name in sections):
        ElementTree.SubElement(root, name).extend(sections.get(name, ()))
    languages = ElementTree.SubElement(root, "Languages")
    languages.append(element("Language", LANGUAGE))
    return root


def _content_types(files: Iterable[str]) -> Xml:
    root = Xml("Types", {"xmlns": "http://schemas.openxmlformats.org/package/2006/content-types"})
    extensions = {"xml", *(path.rpartition(".")[2] for path in files)}
    for extension in sorted(extensions):
        root.append(element("Default", Extension=extension, ContentType="application/octet-stream"))
    return root


def _text(root: Xml) -> bytes:
    ElementTree.register_namespace("xsi", _XSI)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
