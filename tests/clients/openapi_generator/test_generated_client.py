"""openapi-generator: the Python package that it generates calls a running connector.

From openapi.yaml, and from the document that the app serves for generated clients.
"""

import base64
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "code_interpreter"


@pytest.fixture(scope="module", params=["openapi.yaml", "openapi-full.json"])
def generated(request, connector, tmp_path_factory):
    """The generated package."""
    folder = tmp_path_factory.mktemp("generated")
    document = connector.save_document(request.param, folder)
    command = [Path(sys.executable).parent / "openapi-generator-cli", "generate", "--generator-name", "python"]
    command += ["--input-spec", document, "--output", folder, "--additional-properties", f"packageName={PACKAGE}"]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))


@pytest.fixture
def client(generated, connector):
    """The address is that of the document, if it has one."""
    configuration = generated.Configuration(api_key={"functionKey": connector.key})
    if not configuration.host.startswith("http"):
        configuration.host = connector.url
    assert configuration.host == connector.url
    with generated.ApiClient(configuration) as client:
        yield client


def test_files_are_uploaded_and_read_by_code(generated, client):
    """The models check what they are given."""
    files, executions = generated.FilesApi(client), generated.ExecutionsApi(client)
    item = {"fileName": "a.csv", "fileContent": base64.b64encode(b"x\n1\n").decode()}
    uploaded = files.upload_file(generated.UploadFileRequest.from_dict({"files": [item]}))
    assert [(file.file_name, file.size) for file in uploaded.files] == [("a.csv", 4)]
    code = "import pandas as pd\npd.read_csv('/mnt/data/a.csv')['x'].tolist()"
    execution = executions.execute_python_code(
        generated.ExecutePythonCodeRequest(python_code=code, session_id=uploaded.session_id)
    )
    assert (execution.status, execution.value) == ("Succeeded", [1])
    again = executions.get_execution(session_id=uploaded.session_id, execution_id=execution.execution_id)
    assert again.result == execution.result
    assert [file.file_name for file in files.list_files(uploaded.session_id).files] == ["a.csv"]


def test_a_file_is_stored_and_downloaded_as_bytes(generated, client, session_id):
    """Complete, and as a range."""
    files = generated.FilesApi(client)
    content = bytes(range(256))
    files.put_file("all.bin", session_id=session_id, body=content)
    assert files.download_file(session_id=session_id, file_name="all.bin") == content
    assert files.download_file(session_id=session_id, file_name="all.bin", range="bytes=10-19") == content[10:20]
    files.delete_file(session_id=session_id, file_name="all.bin")
    assert files.list_files(session_id).files == []


def test_a_background_run_is_canceled(generated, client, session_id):
    """The 202 is an execution, and has an address to poll."""
    executions = generated.ExecutionsApi(client)
    request = generated.ExecutePythonCodeRequest(
        python_code="import time\ntime.sleep(600)", session_id=session_id, timeout_in_seconds=900, wait_in_seconds=0
    )
    started = executions.execute_python_code_with_http_info(request)
    assert started.status_code == 202
    assert started.headers["operation-location"].startswith("http")
    assert started.data.status == "Running"
    canceled = executions.cancel_execution(session_id=session_id, execution_id=started.data.execution_id)
    assert canceled.status == "Canceled"
    generated.SessionsApi(client).end_session(session_id)


def test_an_error_is_an_exception(generated, client, session_id):
    """With its code and message."""
    with pytest.raises(generated.exceptions.NotFoundException) as raised:
        generated.FilesApi(client).get_file(session_id=session_id, file_name="none.csv")
    assert raised.value.data.error.code == "FileNotFound"


def test_the_connection_has_packages(generated, client):
    """An operation without parameters."""
    assert "pandas" in {package.name for package in generated.ConnectionApi(client).check_connection().packages}


def test_a_wrong_key_is_reported(generated, connector):
    """The response is the host's, without a body."""
    configuration = generated.Configuration(host=connector.url, api_key={"functionKey": "wrong"})
    with generated.ApiClient(configuration) as client:
        with pytest.raises(generated.exceptions.UnauthorizedException):
            generated.ConnectionApi(client).check_connection()
