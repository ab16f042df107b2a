"""Whether the templates give the roles that their names say: a wrong ID is a text like any other until it is deployed.

IDs: learn.microsoft.com/azure/role-based-access-control/built-in-roles. They are the same in every tenant.
"""

import re
from collections.abc import Iterator

from .expressions import Text
from .template import Template

ROLES = {
    "sessionExecutorRole": "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0",  # Azure ContainerApps Session Executor
    "blobDataOwnerRole": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
    "metricsPublisherRole": "3913510d-42f4-4e42-8a64-420c390055eb",  # Monitoring Metrics Publisher
    "secretsUserRole": "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
}
"""The ID of a role by the variable that stands for it."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def findings(template: Template) -> Iterator[str]:
    in_variables = []
    for name, value in template.variables.items():
        if isinstance(value, Text) and _ID.fullmatch(value.literal or ""):
            in_variables.append(value)
            if ROLES.get(name) != value.literal:
                yield f"line {value.line}: {name} is not the ID that azure_checks/roles.py has for this name"
    for node in template.nodes():
        if isinstance(node, Text) and _ID.fullmatch(node.literal or "") and node not in in_variables:
            yield f"line {node.line}: an ID stands alone: give it a variable, and that a place in azure_checks/roles.py"
