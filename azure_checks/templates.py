"""All that is checked about infra/ and azure.yaml, in one list."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from . import app_settings, compiler, names, parameters_file, roles, secrets
from .expressions import SyntaxMistake
from .resource_types import resource_types
from .template import Template, read
from .type_check import TypeCheck


def findings(root: Path) -> list[str]:
    """What is wrong with the templates of a project; each finding begins with the file that it is about."""
    infra = root / "infra"
    templates, found = {}, []
    for path in sorted(infra.glob("*.bicep")):
        try:
            templates[path.name] = read(path)
        except SyntaxMistake as mistake:
            found.append(f"infra/{path.name} {mistake}")
    if found:  # the others would be blamed for what this file lacks
        return found
    types = resource_types()
    for name, template in templates.items():
        checks = (names, roles, secrets)
        about = [TypeCheck(template, types, templates).findings(), *(check.findings(template) for check in checks)]
        found += [f"infra/{name} {finding}" for checked in about for finding in checked]
    main = templates["main.bicep"]
    file = infra / "main.parameters.json"
    found += [f"infra/{file.name} {finding}" for finding in parameters_file.findings(file, main)]
    found += [f"infra/resources.bicep {finding}" for finding in app_settings.findings(templates["resources.bicep"])]
    found += [f"azure.yaml {finding}" for finding in _service(root / "azure.yaml", templates["resources.bicep"])]
    return [*found, *compiler.findings(infra / "main.bicep")]


def _service(path: Path, template: Template) -> Iterator[str]:
    """azd finds the app of a service by a tag."""
    tag = "'azd-service-name': '{}'"
    text = template.path.read_text(encoding="utf-8")
    for service in yaml.safe_load(path.read_text(encoding="utf-8"))["services"]:
        if tag.format(service) not in text:
            yield f"the service {service} has no resource with the tag {tag.format(service)}"
