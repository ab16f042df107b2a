"""The application settings that infra/ writes are those that the connector reads."""

import pytest

DEFAULT = "infra/scenarios/default.snapshot.json"
THREADS = '"PYTHON_THREADPOOL_THREAD_COUNT": "256"'
MISTAKES = {
    "an unknown setting": (DEFAULT, '"RICH_RESULTS"', '"RICH_RESULT"', "RICH_RESULT is read neither by"),
    "a missing setting": (DEFAULT, '        "RICH_RESULTS": "",\n', "", "RICH_RESULTS is read by the connector, and"),
    "a setting that must stay at its default": (
        DEFAULT,
        '"RICH_RESULTS"',
        '"POOL_CREDENTIAL"',
        "POOL_CREDENTIAL must not be written",
    ),
    "another number of threads": (
        DEFAULT,
        THREADS,
        THREADS.replace("256", "64"),
        "must be four times perInstanceConcurrency, 64",
    ),
    "scopes for App Service authentication where it is off": (
        DEFAULT,
        '"MCP_ALLOWED_ORIGINS": "",',
        '"MCP_ALLOWED_ORIGINS": "", "WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES": "a",',
        "WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES must be written where App Service authentication is on",
    ),
    "no scopes where it is on": (
        "infra/scenarios/app_service_sign_in.snapshot.json",
        '"WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES"',
        '"WEBSITE_HTTPLOGGING_RETENTION_DAYS"',
        "WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES must be written where App Service authentication is on",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A setting that does not fit is named."""
    is_found(*MISTAKES[mistake])
