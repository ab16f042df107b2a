"""The tests of examples/autogen_web_api. A package, because its conftest is not the only one."""
