"""What a template says against what its symbols and its resources' types allow.

It knows what an expression yields as far as that can be seen without deploying, and says nothing about the rest. It is
stricter than Bicep's compiler where types list known values and allow any string: a value must be a known one.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from .expressions import (
    Access,
    Call,
    Choice,
    If,
    Index,
    Items,
    Loop,
    Name,
    Node,
    Object,
    Operation,
    Text,
    Value,
    children,
)
from .resource_types import NOT_DERIVED, Type, kind
from .template import Module, Parameter, Resource, Template

_ID = {"properties": {"id": "string", "name": "string", "location": "string", "tags": "object"}}
FUNCTIONS: dict[str, Type] = {
    "any": None,
    "cidrSubnet": "string",
    "concat": None,
    "contains": "bool",
    "empty": "bool",
    "environment": {
        "properties": {
            "authentication": {"properties": {"loginEndpoint": "string"}},
            "suffixes": {"properties": {"storage": "string", "keyvaultDns": "string"}},
        }
    },
    "first": None,
    "guid": "string",
    "int": "int",
    "join": "string",
    "last": None,
    "length": "int",
    "max": "int",
    "min": "int",
    "newGuid": "string",
    "range": {"items": "int"},
    "replace": "string",
    "resourceGroup": _ID,
    "resourceId": "string",
    "split": {"items": "string"},
    "string": "string",
    "subscription": {"properties": {"id": "string", "subscriptionId": "string", "tenantId": "string"}},
    "subscriptionResourceId": "string",
    "tenant": {"properties": {"tenantId": "string"}},
    "toLower": "string",
    "toUpper": "string",
    "trim": "string",
    "union": "object",
    "uniqueString": "string",
    "uri": "string",
}
"""What each function that infra/ may call yields. A function of Bicep's that is missing here is to be added."""

_FOR_BICEP_ALONE = ("parent", "scope", "dependsOn")  # in a resource's body, and no part of what Azure is sent


class TypeCheck:
    """Findings about one template. `modules` has the templates of its modules, by the name of their file."""

    def __init__(self, template: Template, types: Mapping[str, Type], modules: Mapping[str, Template]) -> None:
        self._template = template
        self._types = types
        self._modules = modules
        self._loop_variables: dict[str, Type] = {}

    def findings(self) -> Iterator[str]:
        """Each begins with the line that it is about."""
        yield from self._unused()
        for node in self._template.expressions():
            yield from self._expression(node)
        for parameter in self._template.parameters.values():
            yield from self._fits(parameter.default, _declared(parameter))
        for output in self._template.outputs.values():
            yield from self._fits(output.value, output.type)
        for name, resource in self._template.resources.items():
            yield from self._resource(name, resource)
        for name, module in self._template.modules.items():
            yield from self._module(name, module)

    # What names stand for

    def type_of(self, node: Node) -> Type:
        """What an expression yields; None where that cannot be known."""
        match node:
            case Text():
                return "string" if node.literal is None else {"enum": [node.literal]}
            case Value(value=value):
                return "null" if value is None else "bool" if isinstance(value, bool) else "int"
            case Items(items=items):
                return {"items": self.type_of(items[0]) if items else None}
            case Object(entries=entries):
                return {"properties": {key.literal or "": self.type_of(value) for key, value in entries}}
            case Operation(operator=operator):
                return "int" if operator in "+-*/%" else None if operator == "??" else "bool"
            case Choice(yes=yes, no=no):
                return self._either(self.type_of(yes), self.type_of(no))
            case Call(name=name):
                return FUNCTIONS.get(name)
            case Index(target=target):
                of = self.type_of(target)
                return of["items"] if isinstance(of, dict) and "items" in of else None
            case Access(target=target, name=name):
                return _property(self.type_of(target), name)
            case Name(name=name):
                return self._symbol(name)
        return None

    @staticmethod
    def _either(yes: Type, no: Type) -> Type:
        if isinstance(yes, dict) and isinstance(no, dict) and "enum" in yes and "enum" in no:
            return {"enum": [*yes["enum"], *no["enum"]]}
        if kind(yes) != kind(no):
            return None
        return "string" if kind(yes) == "string" else yes

    def _symbol(self, name: str) -> Type:
        template = self._template
        if name in self._loop_variables:
            return self._loop_variables[name]
        if name in template.parameters:
            return _declared(template.parameters[name])
        if name in template.variables:
            return self.type_of(template.variables[name])
        if name in template.resources:
            resource = template.resources[name]
            if resource.loop:
                return None
            return _case(self._types.get(resource.type.lower()), resource.body)
        if name in template.modules:
            target = self._modules.get(template.modules[name].file)
            outputs = {name: output.type for name, output in target.outputs.items()} if target else {}
            return {"properties": {"name": "string", "outputs": {"properties": outputs}}}
        return None

    # What may not be said

    def _unused(self) -> Iterator[str]:
        used = set()
        for node in self._template.nodes():
            used |= {node.name} if isinstance(node, Name) else set()
        for name, parameter in self._template.parameters.items():
            if name not in used:
                yield f"line {parameter.line}: the parameter {name} is not used"
        for name, value in self._template.variables.items():
            if name not in used:
                yield f"line {value.line}: the variable {name} is not used"

    def _expression(self, node: Node) -> Iterator[str]:
        """Unknown symbols, functions and properties, anywhere in it."""
        match node:
            case Name(line=line, name=name):
                if name not in self._loop_variables and not self._template.declares(name):
                    yield f"line {line}: nothing is called {name}"
            case Call(line=line, name=name):
                if name not in FUNCTIONS:
                    yield f"line {line}: no function is called {name}, or FUNCTIONS in type_check.py lacks it"
            case Access(line=line, target=target, name=name):
                of = self.type_of(target)
                if isinstance(of, dict) and "properties" in of and "additional" not in of:
                    if name not in of["properties"]:
                        yield f"line {line}: there is no {name}{_near(name, of['properties'])}"
            case Loop(item=item, source=source, body=body):
                yield from self._expression(source)
                of = self.type_of(source)
                self._loop_variables[item] = of["items"] if isinstance(of, dict) and "items" in of else None
                yield from self._expression(body)
                del self._loop_variables[item]
                return
        for child in children(node):
            yield from self._expression(child)

    def _resource(self, name: str, resource: Resource) -> Iterator[str]:
        body = self._types.get(resource.type.lower())
        if body is None:
            yield f"line {resource.line}: resource_types.json has no {resource.type}: see azure_checks/derive_types.py"
            return
        sent = tuple(entry for entry in resource.body.entries if entry[0].literal not in _FOR_BICEP_ALONE)
        if resource.loop:
            of = self.type_of(resource.loop.source)
            self._loop_variables[resource.loop.item] = of["items"] if isinstance(of, dict) and "items" in of else None
        if resource.existing:
            body = {"properties": body["properties"], "required": ["name"]}
        yield from self._fits(Object(resource.body.line, sent), body, name)
        self._loop_variables.clear()

    def _module(self, name: str, module: Module) -> Iterator[str]:
        target = self._modules.get(module.file)
        if target is None:
            yield f"line {module.line}: there is no file {module.file}"
            return
        required = [name for name, parameter in target.parameters.items() if parameter.default is None]
        accepted = {name: _declared(parameter) for name, parameter in target.parameters.items()}
        yield from self._fits(module.arguments, {"properties": accepted, "required": required}, f"{name}.params")
        for key, _ in module.body.entries:
            if key.literal not in ("name", "scope", "params", "dependsOn"):
                yield f"line {key.line}: a module has no {key.literal}"
        if target.scope == "resourceGroup" and self._template.scope != "resourceGroup" and not module.body.get("scope"):
            yield f"line {module.line}: {name} has no scope, and is for a resource group"

    def _fits(self, node: Node | None, of: Type, path: str = "") -> Iterator[str]:
        """Whether an expression yields what is wanted in this place. `path` names the place."""
        match node:
            case None:
                return
            case Choice(yes=yes, no=no):
                yield from self._fits(yes, of, path)
                yield from self._fits(no, of, path)
            case If(body=body):
                yield from self._fits(body, of, path)
            case _ if of == NOT_DERIVED:
                yield f"line {node.line}: {path} is not in resource_types.json: see azure_checks/derive_types.py"
            case Object() if isinstance(of, dict) and ("properties" in of or "by" in of):
                yield from self._object(node, of, path)
            case Items(items=items) if isinstance(of, dict) and "items" in of:
                for item in items:
                    yield from self._fits(item, of["items"], f"{path}[]")
            case _:
                yield from self._yields(node, of, path)

    def _yields(self, node: Node, of: Type, path: str) -> Iterator[str]:
        found = self.type_of(node)
        where = f"line {node.line}: {path or 'this'}"
        if "any" in (kind(found), kind(of)) or kind(found) == "null":
            return
        if kind(found) != kind(of):
            yield f"{where} is {_article(kind(found))}, and must be {_article(kind(of))}"
        elif isinstance(found, dict) and isinstance(of, dict) and "enum" in found and "enum" in of:
            for value in found["enum"]:
                if value not in of["enum"]:
                    yield f"{where} may be '{value}', and must be one of {_names(of['enum'])}"

    def _object(self, node: Object, of: Type, path: str) -> Iterator[str]:
        if "by" in of:
            chosen = node.get(of["by"])
            value = chosen.literal if isinstance(chosen, Text) else None
            if value not in of["cases"]:
                yield f"line {node.line}: {path}.{of['by']} must be one of {_names(of['cases'])}"
                return
            of = of["cases"][value]
            if of == NOT_DERIVED:
                yield from self._fits(node, of, path)
                return
        known = {name.lower(): name for name in of["properties"]}
        given = set()
        for key, given_value in node.entries:
            name = known.get((key.literal or "").lower())
            inside = f"{path}.{key.literal or '${...}'}"
            if name is not None:
                given.add(name)
                if name in of.get("readOnly", ()):
                    yield f"line {key.line}: {inside} can only be read"
                elif name != key.literal:
                    yield f"line {key.line}: {inside} is written {name}"
                yield from self._fits(given_value, of["properties"][name], inside)
            elif "additional" in of:
                yield from self._fits(given_value, of["additional"], inside)
            else:
                yield f"line {key.line}: there is no {inside}{_near(key.literal or '', of['properties'])}"
        for name in of.get("required", ()):
            if name not in given and name not in of.get("readOnly", ()):
                yield f"line {node.line}: {path} lacks {name}"


def _declared(parameter: Parameter) -> Type:
    allowed = parameter.decorators.get("allowed", ())
    if allowed and isinstance(allowed[0], Items):
        values = [item.literal for item in allowed[0].items if isinstance(item, Text)]
        return {"enum": values} if values else parameter.type
    return parameter.type


def _case(of: Type, body: Object) -> Type:
    if isinstance(of, dict) and "by" in of:
        chosen = body.get(of["by"])
        return of["cases"].get(chosen.literal) if isinstance(chosen, Text) else None
    return of


def _property(of: Type, name: str) -> Type:
    if not isinstance(of, dict):
        return None
    return of.get("properties", {}).get(name, of.get("additional"))


def _names(of: Mapping[str, Type] | list[str]) -> str:
    return ", ".join(sorted(map(str, of)))


def _near(name: str, names: Mapping[str, Type]) -> str:
    return "".join(f"; is {near} meant?" for near in get_close_matches(name, names, n=1))


def _article(what: str) -> str:
    return f"{'an' if what[0] in 'aio' else 'a'} {what}"
