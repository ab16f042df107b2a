"""How the checks read the compiled files."""

from azure_checks.compiled import Snapshot, is_expression, strings, templates


def test_strings_have_paths():
    """Members are separated by dots, and `[]` means each item of an array."""
    assert list(strings({"a": [{"b": "x"}, {"b": "y"}], "c": 1, "d": {"e": None, "f": "z"}})) == [
        ("a[].b", "x"),
        ("a[].b", "y"),
        ("d.f", "z"),
    ]


def test_an_expression_is_in_brackets():
    """Everything else is a plain value."""
    assert is_expression("[reference('x').y]")
    assert not is_expression("x") and not is_expression("[x")


def test_modules_are_templates_too():
    """Modules are nested in the template that deploys them."""
    inner = {"resources": []}
    module = {"type": "Microsoft.Resources/deployments", "name": "inner", "properties": {"template": inner}}
    outer = {"resources": [{"type": "P/t", "name": "x"}, module]}
    assert list(templates(outer)) == [("main", outer), ("inner", inner)]


def test_every_module_of_infra_is_found(compiled):
    """None of infra/'s modules escapes the checks of main.json."""
    names = [name for name, _ in templates(compiled.template)]
    assert len(names) == 8 and {"main", "resources", "additional-pools", "network", "alerts", "vault"} <= set(names)


def test_a_configuration_is_found_by_its_name():
    """A function app has several configurations of the same type."""
    config = {"type": "Microsoft.Web/sites/config", "name": "app/appsettings", "properties": {"A": "1"}}
    snapshot = Snapshot([config], {})
    assert snapshot.site_config("appsettings") == {"A": "1"}
    assert snapshot.site_config("authsettingsV2") == {}
