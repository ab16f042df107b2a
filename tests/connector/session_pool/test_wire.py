"""Every operation on every version of the pool's data plane: callers see no difference, except those shown here."""

import base64

import pytest

from connector.session_pool.wire import API_VERSIONS, Wire

FAMILY_A = {"2024-02-02-preview", "2024-08-02-preview"}


@pytest.fixture(scope="module", params=API_VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module", params=[True, False], ids=["rich", "direct"])
def rich(request):
    """Whether runs are sent with the payload."""
    return request.param


@pytest.fixture(scope="module")
def api(version, rich, emulator, running_connector):
    """The connector, with this version."""
    settings = {"POOL_API_VERSION": version, "RICH_RESULTS": str(rich).lower()}
    with running_connector(**emulator.environment, **settings) as connector:
        yield connector


def test_check_connection(api, version):
    """With a version that has the route."""
    checked = api.call("GET", "/connection").json()
    assert checked["apiVersion"] == version
    assert {"pandas", "numpy"} <= {package["name"] for package in checked["packages"]}


def test_runs(api, session_id):
    """Values, streams, variables and errors are the same."""
    assert (
        api.execute("import sys\nx = 20; print('out'); print('err', file=sys.stderr)\nx + 1", session_id)["value"] == 21
    )
    run = api.execute("x * 2", session_id)
    assert (run["status"], run["result"], run["value"]) == ("Succeeded", "40", 40)
    failed = api.execute("print('before')\n1/0", session_id)
    assert (failed["status"], failed["stdout"]) == ("Failed", "before\n")
    assert failed["error"]["name"] == "ZeroDivisionError"
    assert failed["error"]["line"] == 2
    assert failed["result"] == ""


def test_figures(api, session_id):
    """They are outputs."""
    (output,) = api.execute("import matplotlib.pyplot as p\np.plot([1, 2]); p.show()", session_id)["outputs"]
    assert output["contentType"] == "image/png"
    assert base64.b64decode(output["content"]).startswith(b"\x89PNG")


def test_time_limits(api, session_id):
    """The timeout reaches the pool."""
    run = api.execute("import time; time.sleep(30)", session_id, timeoutInSeconds=1)
    assert run["error"]["name"] == "TimeoutError"


def test_files_make_the_round_trip(api, session_id):
    """Upload, list, content, size and delete, in folders too."""
    content = base64.b64encode(b"1,2\n").decode()
    for folder in ("", "in", "in/deep"):
        sent = {"sessionId": session_id, "folder": folder, "files": [{"fileName": "a b.csv", "fileContent": content}]}
        (stored,) = api.call("POST", "/files", json=sent).json()["files"]
        assert (stored["fileName"], stored["folder"], stored["size"]) == ("a b.csv", folder, 4)
    assert api.execute("open('/mnt/data/in/deep/a b.csv').read()", session_id)["result"] == "1,2\n"

    def listed(**query: str) -> list[tuple[str, str]]:
        answer = api.call("GET", "/files", params={"sessionId": session_id, **query})
        return sorted((file["folder"], file["fileName"]) for file in answer.json()["files"])

    assert listed() == [("", "a b.csv")]
    assert listed(folder="in") == [("in", "a b.csv")]
    assert listed(recursive="true") == [("", "a b.csv"), ("in", "a b.csv"), ("in/deep", "a b.csv")]
    assert listed(folder="in", recursive="true") == [("in", "a b.csv"), ("in/deep", "a b.csv")]
    for folder in ("", "in/deep"):
        query = {"sessionId": session_id, "folder": folder}
        assert api.call("GET", "/files/a%20b.csv/content", params=query).content == b"1,2\n"
        file = api.call("GET", "/files/a%20b.csv", params=query).json()
        assert (file["size"], file["folder"], file["fileContent"]) == (4, folder, content)
        assert api.call("DELETE", "/files/a%20b.csv", params=query).status_code == 204
        missing = api.call("GET", "/files/a%20b.csv", params=query)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "FileNotFound")
    assert listed(recursive="true") == [("in", "a b.csv")]


def test_get_session_and_end_session(api, session_id):
    """With a version that has the routes, for the same session."""
    missing = api.call("GET", f"/sessions/{session_id}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "SessionNotFound")
    api.execute("x = 1", session_id)
    assert api.call("GET", f"/sessions/{session_id}").json()["createdTime"]
    assert api.call("DELETE", f"/sessions/{session_id}").status_code == 204
    assert api.execute("'x' in globals()", session_id)["value"] is not True


def test_get_execution(api, version, rich, session_id):
    """From the session's record, or from the pool, where family A keeps no runs."""
    run = api.execute("7", session_id)
    found = api.call("GET", f"/executions/{run['executionId']}", params={"sessionId": session_id})
    if version in FAMILY_A and not rich:
        assert (found.status_code, found.json()["error"]["code"]) == (404, "ExecutionNotFound")
    else:
        assert found.json()["value"] == 7


def test_output_is_complete_or_flagged(api, version, rich, session_id):
    """Family A truncates streams to 4,096 characters; the session's record has all of them."""
    run = api.execute("print('x' * 9999)", session_id)
    if version in FAMILY_A and not rich:
        assert (len(run["stdout"]), run["truncated"]) == (4096, {"stdout": True})
    else:
        assert (len(run["stdout"]), run.get("truncated")) == (10_000, None)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"name": "a", "directory": "."}, ("", "a")),
        ({"name": "a", "directory": "./in"}, ("in", "a")),
        ({"name": "a", "directory": "in/deep/"}, ("in/deep", "a")),
        ({"properties": {"filename": "in/a", "size": 1}}, ("in", "a")),
        ({"properties": {"filename": "/mnt/data/in/a", "size": 1}}, ("in", "a")),
    ],
)
def test_names_and_folders_are_read_in_every_known_form(item, expected):
    """The folder may be a separate member, or part of the name."""
    file = Wire(API_VERSIONS[0]).read_file(item)
    assert (file.directory, file.name) == expected
