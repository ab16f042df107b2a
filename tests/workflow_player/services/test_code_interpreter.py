"""The custom connector, made of the document that a running connector serves."""

import pytest

from tests.workflow_player.flows import flow_of
from tests.workflow_player.services.connected import by_id, by_path
from workflow_player.errors import FlowError
from workflow_player.player import Player
from workflow_player.services import code_interpreter
from workflow_player.services.acasession import AcaSession


@pytest.fixture
def connector(api_with_key):
    return code_interpreter(api_with_key.url, {"x-functions-key": api_with_key.key})


def test_both_dialects_reach_the_same_operation(connector, session_id):
    """By path, and by operationId with parameters of the body, of the path and of the query."""
    body = {"sessionId": session_id, "files": [{"fileName": "a b.txt", "fileContent": "aGk="}]}
    assert by_path(connector, "post", "/files", body=body).status == "Succeeded"
    run = {"body/sessionId": session_id, "body/pythonCode": "open('/mnt/data/a b.txt').read()"}
    assert by_id(connector, "ExecutePythonCode", run).outputs["body"]["result"] == "hi"
    download = by_id(connector, "DownloadFile", {"fileName": "a b.txt", "sessionId": session_id})
    assert download.outputs["body"] == "hi"
    deleted = by_path(connector, "delete", "/files/@{encodeURIComponent('a b.txt')}", queries={"sessionId": session_id})
    assert deleted.outputs["statusCode"] == 204


def test_without_the_key(api_with_key):
    """The connection has it, no action."""
    assert by_path(code_interpreter(api_with_key.url), "get", "/connection").code == "Unauthorized"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda connector: by_path(connector, "put", "/files/x"), "no operation PUT /files/x"),
        (lambda connector: by_path(connector, "get", "/files"), "needs the query parameter sessionId"),
        (lambda connector: by_path(connector, "post", "/executions", body={"code": "1"}), "no member code"),
        (
            lambda connector: by_id(
                connector, "ExecutePythonCode", {"body/pythonCode": "1", "body/timeoutInSeconds": "5"}
            ),
            "timeoutInSeconds is of the type integer",
        ),
        (lambda connector: by_id(connector, "ExecutePythonCode", {}), "needs the parameter body"),
    ],
)
def test_mistakes(connector, call, words):
    """What the document does not have fails the play."""
    with pytest.raises(FlowError, match=words):
        call(connector)


@pytest.mark.parametrize("polls", [True, False])
def test_whether_the_gateway_polls(running_connector, emulator, storage, polls):
    """It is not known of Azure: with it, an action returns the end of an import, without it a 202 with its address."""
    storage.put("polled.csv", b"a" * (33 << 20))
    environment = {**emulator.environment, **storage.environment, "CALLER_WAIT_SECONDS": "0"}
    with running_connector(**environment) as api:
        host = {"connection": {"name": "@parameters('$connections')['codeinterpreter']['connectionId']"}}
        url = f"{storage.server.container_url('imports')}/polled.csv"
        action = {
            "type": "ApiConnection",
            "inputs": {"host": host, "method": "post", "path": "/imports", "body": {"blobUrl": url}},
        }
        flow = flow_of({"Call": action}, connections=("codeinterpreter",))
        services = {"codeinterpreter": code_interpreter(api.url)}
        result = Player(flow, services, connector_polls=polls, longest_pause_seconds=0.2).play().actions["Call"]
    assert result.status == "Succeeded"
    assert (result.outputs["statusCode"], bool(result.polls)) == (200 if polls else 202, polls)
    if not polls:
        assert result.outputs["headers"]["Location"].startswith("http")


def test_built_in_connector(emulator, session_id):
    """acasession of the Standard plan, on the pool: four operations, and a session ID in each result."""
    pool = AcaSession(emulator.pool.endpoint, lambda: emulator.authority.issue()[0])

    def action(operation_id, after, **parameters):
        configuration = {
            "connectionName": "acasession",
            "operationId": operation_id,
            "serviceProviderId": "/serviceProviders/acasession",
        }
        inputs = {"parameters": parameters, "serviceProviderConfiguration": configuration}
        return {"type": "ServiceProvider", "inputs": inputs, "runAfter": {after: ["Succeeded"]} if after else {}}

    session = "@body('Run')?['sessionId']"
    flow = flow_of(
        {
            "Upload": action(
                "fileUpload", "", files=[{"fileName": "a.txt", "fileContent": "hi"}], sessionId=session_id
            ),
            "Run": action(
                "executeCode",
                "Upload",
                pythonCode="print(open('/mnt/data/a.txt').read())",
                sessionId="@body('Upload')?['sessionId']",
            ),
            "Download": action("fileDownload", "Run", fileName="a.txt", sessionId=session),
            "Delete": action("fileDelete", "Download", fileName="a.txt", sessionId=session),
        },
        "standard",
    )
    flow.connections["acasession"] = "acasession"
    played = Player(flow, {"acasession": pool}).play()
    assert played.status == "Succeeded", played.actions
    assert played.actions["Upload"].outputs["body"]["filename"] == "a.txt"
    assert played.actions["Run"].outputs["body"] == {
        "status": "Succeeded",
        "result": "",
        "stdout": "hi\n",
        "stderr": "",
        "sessionId": session_id,
    }
