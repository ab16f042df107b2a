"""One Bicep file as what it declares: parameters, variables, resources, modules and outputs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .expressions import ExpressionParser, If, Loop, Name, Node, Object, SyntaxMistake, Text, children, tokens

Decorators = dict[str, tuple[Node, ...]]
"""Arguments of each decorator, by its name."""


@dataclass(frozen=True)
class Parameter:
    line: int
    type: str  # string, int, bool, object or array
    default: Node | None
    decorators: Decorators

    @property
    def secure(self) -> bool:
        return "secure" in self.decorators


@dataclass(frozen=True)
class Resource:
    line: int
    type: str  # with its version: Microsoft.App/sessionPools@2025-07-01
    existing: bool
    body: Object
    loop: Loop | None = None
    condition: Node | None = None


@dataclass(frozen=True)
class Module:
    line: int
    file: str  # relative to the file that uses it
    body: Object
    condition: Node | None = None

    @property
    def arguments(self) -> Object:
        params = self.body.get("params")
        return params if isinstance(params, Object) else Object(self.line, ())


@dataclass(frozen=True)
class Output:
    line: int
    type: str
    value: Node


@dataclass
class Template:
    """The symbols of a file, each with what it stands for."""

    path: Path
    scope: str = "resourceGroup"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Node] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)

    def declares(self, name: str) -> bool:
        return any(name in of for of in (self.parameters, self.variables, self.resources, self.modules))

    def expressions(self) -> list[Node]:
        """Everything in the file that may name a symbol."""
        found = [parameter.default for parameter in self.parameters.values()]
        found += [*self.variables.values(), *(output.value for output in self.outputs.values())]
        for resource in self.resources.values():
            found += [resource.loop or resource.body, resource.condition]
        for module in self.modules.values():
            found += [module.body, module.condition]
        return [node for node in found if node is not None]

    def nodes(self, *, with_keys: bool = True) -> Iterator[Node]:
        """Every part of every expression, in no order; the keys of objects are texts too."""
        todo = self.expressions()
        while todo:
            node = todo.pop()
            yield node
            is_bare = isinstance(node, Object) and not with_keys
            todo += [value for _, value in node.entries] if is_bare else children(node)


def read(path: Path) -> Template:
    """The file's declarations. Raises SyntaxMistake, whose message names the line."""
    parser = _Parser(tokens(path.read_text(encoding="utf-8")), Template(path))
    return parser.template()


class _Parser(ExpressionParser):
    def __init__(self, found: list, template: Template) -> None:  # type: ignore[type-arg]
        super().__init__(found)
        self._template = template

    def template(self) -> Template:
        self.skip_newlines()
        while self.token.kind != "end":
            self._declaration("")
            if self.token.kind != "end":
                self.expect("newline")
            self.skip_newlines()
        return self._template

    def _declaration(self, parent: str) -> None:
        """One declaration. `parent` is the type of the resource that it stands in."""
        decorators = self._decorators()
        keyword = self.expect("word")
        if parent and keyword.text != "resource":
            raise SyntaxMistake(f"line {keyword.line}: {keyword.text} cannot stand in a resource")
        if keyword.text == "targetScope":
            self.expect("=")
            self._template.scope = self.text().literal or ""
            return
        name = self.expect("word")
        if self._template.declares(name.text) and keyword.text != "output":
            raise SyntaxMistake(f"line {name.line}: {name.text} is declared twice")
        match keyword.text:
            case "param":
                kind, default = self._type(), None
                if self.at_mark("="):
                    self.advance()
                    default = self.expression()
                self._template.parameters[name.text] = Parameter(name.line, kind, default, decorators)
            case "var":
                self.expect("=")
                self._template.variables[name.text] = self.expression()
            case "output":
                kind = self._type()
                self.expect("=")
                self._template.outputs[name.text] = Output(name.line, kind, self.expression())
            case "resource":
                self._resource(name.text, parent)
            case "module":
                self._module(name.text)
            case other:
                raise SyntaxMistake(f"line {keyword.line}: {other} is no declaration that is known here")

    def _decorators(self) -> Decorators:
        found: Decorators = {}
        while self.at_mark("@"):
            self.advance()
            name = self.expect("word").text
            found[name] = self.arguments()
            self.skip_newlines()
        return found

    def _type(self) -> str:
        kind = self.expect("word").text
        if kind not in ("string", "int", "bool", "object", "array"):
            raise SyntaxMistake(f"line {self.token.line}: {kind} is no type that is known here")
        return kind

    def _resource(self, name: str, parent: str) -> None:
        line, kind = self.token.line, self.text().literal or ""
        if parent and "@" not in kind:  # a child has its parent's version
            above, version = parent.split("@")
            kind = f"{above}/{kind}@{version}"
        existing = self.at_word("existing")
        if existing:
            self.advance()
        self.expect("=")
        if self.at_mark("["):
            loop = self.loop(self.advance().line)
            self.expect("]")
            body, condition = (loop.body.body, loop.body.condition) if isinstance(loop.body, If) else (loop.body, None)
            assert isinstance(body, Object)
            self._template.resources[name] = Resource(line, kind, existing, body, loop, condition)
            return
        condition = self.condition() if self.at_word("if") else None
        children: list[str] = []
        body = self._resource_body(kind, children)
        self._template.resources[name] = Resource(line, kind, existing, body, None, condition)
        for child in children:  # nested or not, a child is a resource with a parent
            found = self._template.resources[child]
            entries = ((Text(line, ("parent",)), Name(line, name)), *found.body.entries)
            self._template.resources[child] = Resource(
                found.line, found.type, found.existing, Object(found.body.line, entries), found.loop, found.condition
            )

    def _resource_body(self, kind: str, children: list[str]) -> Object:
        line = self.expect("{").line
        entries = []
        self.skip_newlines()
        while not self.at_mark("}"):
            if self.at_word("resource") and self.next_in_line().kind == "word":
                children.append(self.next_in_line().text)
                self._declaration(kind)
            else:
                entries.append(self.entry())
            self.skip_newlines()
        self.advance()
        return Object(line, tuple(entries))

    def _module(self, name: str) -> None:
        line, file = self.token.line, self.text().literal or ""
        self.expect("=")
        condition = self.condition() if self.at_word("if") else None
        self._template.modules[name] = Module(line, file, self.object(), condition)
