"""All checks of infra/ and azure.yaml that need no compiler, in one list."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from . import allowed_values, app_settings, files_storage, names, parameters_file, protections, roles, secrets
from .compiled import Compiled, Snapshot, read_compiled


def findings(root: Path) -> list[str]:
    """What is wrong with the templates of a project. Each finding begins with the file it is about."""
    infra = root / "infra"
    try:
        compiled = read_compiled(infra)
        files = [f"{name}.parameters.json" for name in compiled.templates]
        parameters = [json.loads((infra / file).read_text(encoding="utf-8")) for file in files]
    except (OSError, ValueError) as error:
        return [f"infra: a compiled file cannot be read. Run `make template`. ({error})"]
    services = yaml.safe_load((root / "azure.yaml").read_text(encoding="utf-8"))["services"]
    return [
        *(f"infra/scenarios/{finding}" for finding in _in_snapshots(compiled)),
        *(
            f"infra/{name}.json {finding}"
            for name, template in compiled.templates.items()
            for finding in secrets.findings_in_template(template, name)
        ),
        *(
            f"infra/{name}.parameters.json {finding}"
            for (name, template), values in zip(compiled.templates.items(), parameters, strict=True)
            for finding in parameters_file.findings(values, template, f"{name}.bicep")
        ),
        *(f"azure.yaml {finding}" for finding in _services(services, compiled)),
    ]


def _in_snapshots(compiled: Compiled) -> Iterator[str]:
    """Each finding once, with the scenarios that it was made in."""
    scenarios: dict[str, list[str]] = {}
    for scenario, snapshot in compiled.snapshots.items():
        for check in (allowed_values, app_settings, files_storage, names, protections, roles, secrets):
            for finding in dict.fromkeys(check.findings(snapshot)):
                scenarios.setdefault(finding, []).append(scenario)
    for finding, found_in in scenarios.items():
        yield f"{','.join(found_in) if len(found_in) < len(compiled.snapshots) else '*'}: {finding}"


def _services(services: list[str], compiled: Compiled) -> Iterator[str]:
    """azd finds the app of a service by its tag. It is in the template of the same name, or in main.bicep."""
    for service in services:
        template = service if service in compiled.templates else "main"
        snapshots = [snapshot for snapshot in compiled.snapshots.values() if snapshot.template == template]
        if not all(_is_deployed(service, snapshot) for snapshot in snapshots):
            yield f"the service {service} has no resource with the tag azd-service-name: {service}"


def _is_deployed(service: str, snapshot: Snapshot) -> bool:
    return any(resource.get("tags", {}).get("azd-service-name") == service for resource in snapshot.resources)
