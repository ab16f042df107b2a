"""How the checks read the compiled files."""

import pytest

from azure_checks.compiled import Snapshot, is_expression, strings, template_of, templates


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
    known = {"main", "resources", "additional-pools", "network", "alerts", "vault", "files", "import-containers"}
    assert len(names) == 11 and known <= set(names)


def test_a_scenario_names_its_template(autogen):
    """azd deploys web.bicep with each image, and main.bicep before the first."""
    assert {scenario: snapshot.template for scenario, snapshot in autogen.snapshots.items()} == {
        "existing_account": "main",
        "new_account": "main",
        "openai": "main",
        "web_addresses": "web",
        "web_inside": "web",
        "web_sign_in": "web",
    }


def test_a_scenario_without_a_template_is_an_error(tmp_path):
    """The error states the line that is missing."""
    (tmp_path / "x.bicepparam").write_text("param location = 'westeurope'\n")
    with pytest.raises(ValueError, match=r"x.bicepparam has no line `using '../main.bicep'`"):
        template_of(tmp_path / "x.bicepparam")


def test_a_configuration_is_found_by_its_name():
    """A function app has several configurations of the same type."""
    config = {"type": "Microsoft.Web/sites/config", "name": "app/appsettings", "properties": {"A": "1"}}
    snapshot = Snapshot([config], {})
    assert snapshot.site_config("appsettings") == {"A": "1"}
    assert snapshot.site_config("authsettingsV2") == {}
