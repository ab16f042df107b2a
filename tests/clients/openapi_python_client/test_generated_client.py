"""openapi-python-client: the package that it generates calls a running connector.

From openapi.yaml, and from the document that the app serves for generated clients.
"""

import base64
import importlib
import io
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from programs import ROOT

NAMES = Path(__file__).with_name("names.yml")
PACKAGE = "code_interpreter_client"


@pytest.fixture(scope="module", params=["openapi.yaml", "openapi-full.json"])
def generated(request, connector, tmp_path_factory):
    """A function that imports a module of the generated package."""
    folder = tmp_path_factory.mktemp("generated")
    document = connector.save_document(request.param, folder)
    bin_folder = Path(sys.executable).parent
    arguments = ["generate", "--path", document, "--config", NAMES]
    completed = subprocess.run(
        [bin_folder / "openapi-python-client", *arguments, "--output-path", folder / "client"],
        env={"PATH": f"{bin_folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "Warning" not in completed.stdout + completed.stderr, completed.stdout
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path.insert(0, str(folder / "client"))
    yield lambda module: importlib.import_module(f"{PACKAGE}.{module}" if module else PACKAGE)
    sys.path.remove(str(folder / "client"))


@pytest.fixture
def client(generated, connector):
    return authenticated(generated, connector, connector.key)


@pytest.fixture
def models(generated):
    return generated("models")


def authenticated(generated, connector, key):
    return generated("").AuthenticatedClient(
        base_url=connector.url, token=key, prefix="", auth_header_name="x-functions-key"
    )


def test_every_module_can_be_imported(generated):
    """One for each operation."""
    root = Path(generated("").__file__).parent
    modules = [path for path in (root / "api").glob("*/*.py") if path.stem != "__init__"]
    assert len(modules) >= 20
    for path in modules:
        generated(".".join(path.relative_to(root).with_suffix("").parts))


def test_files_are_uploaded_and_read_by_code(generated, client, models):
    """As JSON and as multipart, into one session."""
    upload = generated("api.files.upload_file")
    item = models.UploadFileRequestFilesItem(file_name="a.csv", file_content=base64.b64encode(b"x\n1\n").decode())
    uploaded = upload.sync(client=client, body=models.UploadFileRequest(files=[item]))
    assert [(file.file_name, file.size) for file in uploaded.files] == [("a.csv", 4)]
    part = generated("types").File(payload=io.BytesIO(b"x\n2\n"), file_name="b.csv", mime_type="text/csv")
    body = models.UploadFileForm(file=[part], session_id=uploaded.session_id)
    assert upload.sync(client=client, body=body).session_id == uploaded.session_id
    code = "import pandas as pd\nsum(pd.read_csv(f'/mnt/data/{name}.csv')['x'][0] for name in 'ab')"
    body = models.ExecutePythonCodeRequest(python_code=code, session_id=uploaded.session_id)
    execution = generated("api.executions.execute_python_code").sync(client=client, body=body)
    assert (execution.status, execution.value) == (models.ExecutionStatus.SUCCEEDED, 3)
    listed = generated("api.files.list_files").sync(client=client, session_id=uploaded.session_id)
    assert [file.file_name for file in listed.files] == ["a.csv", "b.csv"]


def test_a_file_is_stored_and_downloaded_as_bytes(generated, client, session_id):
    """Complete, as a range, and not at all if it has not changed."""
    content = bytes(range(256))
    put, download = generated("api.files.put_file"), generated("api.files.download_file")
    put.sync("all.bin", client=client, body=generated("types").File(payload=io.BytesIO(content)), session_id=session_id)
    complete = download.sync_detailed("all.bin", client=client, session_id=session_id)
    assert (complete.status_code, complete.parsed.payload.read()) == (HTTPStatus.OK, content)
    part = download.sync_detailed("all.bin", client=client, session_id=session_id, range_="bytes=10-19")
    assert (part.status_code, part.content) == (HTTPStatus.PARTIAL_CONTENT, content[10:20])
    assert (
        generated("api.files.delete_file").sync_detailed("all.bin", client=client, session_id=session_id).status_code
        == HTTPStatus.NO_CONTENT
    )


def test_a_background_run_is_polled_and_canceled(generated, client, models, session_id):
    """The 202 has the members of an execution, and its header an address to poll."""
    body = models.ExecutePythonCodeRequest(
        python_code="import time\ntime.sleep(600)", session_id=session_id, timeout_in_seconds=900, wait_in_seconds=0
    )
    started = generated("api.executions.execute_python_code").sync_detailed(client=client, body=body)
    assert started.status_code == HTTPStatus.ACCEPTED
    assert started.headers["Operation-Location"].startswith("http")
    assert started.parsed.status == models.ExecutionStatus.RUNNING
    execution_id = started.parsed.execution_id
    polled = generated("api.executions.get_execution").sync(execution_id, client=client, session_id=session_id)
    assert polled.status == models.ExecutionStatus.RUNNING
    canceled = generated("api.executions.cancel_execution").sync(execution_id, client=client, session_id=session_id)
    assert canceled.status == models.ExecutionStatus.CANCELED
    ended = generated("api.sessions.end_session").sync_detailed(session_id, client=client)
    assert ended.status_code == HTTPStatus.NO_CONTENT


def test_a_key_in_a_header_prevents_a_second_run(generated, client, models, session_id):
    """It is a parameter of the generated function."""
    execute = generated("api.executions.execute_python_code")
    body = models.ExecutePythonCodeRequest(python_code="import random\nrandom.random()", session_id=session_id)
    first, second = (execute.sync(client=client, body=body, idempotency_key="k-1") for _ in range(2))
    assert first.execution_id == second.execution_id and first.result == second.result


def test_an_error_is_an_object(generated, client, models, session_id):
    """With its code and message."""
    found = generated("api.files.get_file").sync_detailed("none.csv", client=client, session_id=session_id)
    assert found.status_code == HTTPStatus.NOT_FOUND
    assert isinstance(found.parsed, models.ErrorResponse)
    assert found.parsed.error.code == "FileNotFound"


def test_a_wrong_key_is_reported(generated, connector):
    """The response is the host's, with an empty body."""
    response = generated("api.connection.check_connection").sync_detailed(
        client=authenticated(generated, connector, "wrong")
    )
    assert (response.status_code, response.parsed) == (HTTPStatus.UNAUTHORIZED, "")


def test_what_the_page_shows_runs(generated, connector, capsys):
    """With the address and the key in their places, and the configuration that is here."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (configuration,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert NAMES.read_text(encoding="utf-8").endswith(f"\n{configuration}")
    (code,) = re.findall(r"<!-- run by tests/clients/openapi_python_client -->\n```python\n(.*?)```", page, re.DOTALL)
    for placeholder, value in (
        ("https://YOUR-APP.azurewebsites.net/api", connector.url),
        ('"KEY"', repr(connector.key)),
    ):
        assert placeholder in code
        code = code.replace(placeholder, value)
    exec(code, {})
    assert capsys.readouterr().out == "42\n"
