"""Every tool, called by the MCP SDK for Python in each of its modes, which validates each message that it receives."""

import base64

import httpx2
import pytest
from every_operation import SALES, SALES_BY_REGION, snake_case
from mcp_types import ImageContent, ResourceLink
from sdk_clients import execution_id_of, text_of

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio

STRING, INTEGER, BOOLEAN = "string", "integer", "boolean"
ARGUMENTS = {
    "ExecutePythonCode": (
        {"pythonCode": STRING},
        {"sessionId": STRING, "timeoutInSeconds": INTEGER, "workspaceId": STRING},
    ),
    "GetExecution": ({"executionId": STRING, "sessionId": STRING}, {}),
    "CancelExecution": ({"executionId": STRING, "sessionId": STRING}, {}),
    "UploadFile": (
        {"fileName": STRING, "content": STRING},
        {"sessionId": STRING, "folder": STRING, "encoding": STRING},
    ),
    "CreateUploadUrl": ({"fileName": STRING}, {"sessionId": STRING, "folder": STRING}),
    "ImportFile": ({"url": STRING}, {"sessionId": STRING}),
    "ListFiles": (
        {"sessionId": STRING},
        {"folder": STRING, "recursive": BOOLEAN, "continuationToken": STRING},
    ),
    "GetFile": ({"fileName": STRING, "sessionId": STRING}, {"folder": STRING, "offset": INTEGER}),
    "ShareFile": ({"fileName": STRING, "sessionId": STRING}, {"folder": STRING, "lifetimeInSeconds": INTEGER}),
    "DeleteFile": ({"fileName": STRING, "sessionId": STRING}, {"folder": STRING}),
}
"""Each tool with its required and its optional arguments."""

READ_ONLY = {"GetExecution", "ListFiles", "GetFile"}
CHART = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.savefig('revenue.png')\nplt.show()\n6 * 7"


async def test_tools_are_listed(client):
    """Their arguments are flat: each has one type and a description."""
    listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == list(ARGUMENTS)
    for tool in listed:
        required, optional = ARGUMENTS[tool.name]
        properties = tool.input_schema["properties"]
        assert {name: entry["type"] for name, entry in properties.items()} == required | optional
        assert set(tool.input_schema["required"]) == set(required)
        assert all(entry["description"] for entry in properties.values()), tool.name


async def test_annotations_are_true(client):
    """Hosts ask people before a tool that is not read-only, and a tool that is read-only destroys nothing."""
    listed = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
    assert {name for name, hints in listed.items() if hints.read_only_hint} == READ_ONLY
    assert listed["DeleteFile"].destructive_hint is True
    assert not any(hints.destructive_hint for name, hints in listed.items() if name in READ_ONLY)


class TestEveryTool:
    """At least one test for each tool; the name of a test starts with that of the tool."""

    def test_all_tools_are_tested(self):
        """No tool is listed above without a test here."""
        for name in ARGUMENTS:
            assert [test for test in dir(self) if test.startswith(f"test_{snake_case(name)}_")], name

    async def test_execute_python_code_makes_a_session(self, client):
        """Its ID is in the text, and later calls with it have the variables."""
        first = text_of(await client.call_tool("ExecutePythonCode", {"pythonCode": "rows = [1, 2]\nlen(rows)"}))
        (session_id,) = [word for word in first.split() if len(word) == 41 and word[32] == "-"]
        again = await client.call_tool("ExecutePythonCode", {"pythonCode": "sum(rows)", "sessionId": session_id})
        assert "3" in text_of(again).split()
        assert session_id in text_of(again)

    async def test_execute_python_code_reads_an_uploaded_file(self, tools):
        """The value of the last line is in the text, and what was printed."""
        await tools("UploadFile", fileName="sales.csv", content=SALES.decode())
        said = await tools.said("ExecutePythonCode", pythonCode=f"print('by region')\n{SALES_BY_REGION}")
        assert "{'North': 50, 'South': 17}" in said
        assert "by region" in said

    async def test_execute_python_code_shows_charts(self, tools):
        """The text comes first, then the chart as an image, which the text names as a file."""
        result = await tools("ExecutePythonCode", pythonCode=CHART)
        assert not result.is_error
        assert "42" in text_of(result).split()
        assert "revenue.png" in text_of(result)
        images = [content for content in result.content if isinstance(content, ImageContent)]
        assert [image.mime_type for image in images] == ["image/png"]
        assert base64.b64decode(images[0].data, validate=True).startswith(b"\x89PNG\r\n\x1a\n")

    async def test_execute_python_code_leaves_nothing_beside_images(self, tools):
        """Some frameworks hand the model all of a result as JSON if it has links or structured content."""
        result = await tools("ExecutePythonCode", pythonCode=CHART)
        assert result.structured_content is None
        assert not [content for content in result.content if isinstance(content, ResourceLink)]

    async def test_execute_python_code_links_new_files(self, tools, client):
        """Where no image is shown, each new file is a link that the client reads."""
        result = await tools("ExecutePythonCode", pythonCode="open('/mnt/data/total.txt', 'w').write('67')")
        (link,) = [content for content in result.content if isinstance(content, ResourceLink)]
        assert link.name == "total.txt"
        (contents,) = (await client.read_resource(str(link.uri))).contents
        assert contents.text == "67"

    async def test_execute_python_code_reports_errors_of_the_code(self, tools):
        """A program that fails is an error, with its line; the session keeps its variables."""
        said = await tools.refused("ExecutePythonCode", pythonCode="rows = []\nrows[0]")
        assert "IndexError" in said and "list index out of range" in said
        assert "line 2" in said.lower()
        assert "[]" in await tools.said("ExecutePythonCode", pythonCode="rows")

    async def test_execute_python_code_refuses_wrong_arguments(self, tools):
        """The model reads the connector's message: the problem and the remedy."""
        said = await tools.refused("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)
        assert "timeoutInSeconds is 6000. Send a value from 1 to 3600." in said

    async def test_get_execution_waits_for_a_run(self, impatient_tools):
        """A run that outlasts a call has an execution ID, and the code does not run again."""
        code = "open('/mnt/data/runs', 'a').write('xyz')\nimport time\nprint('started')\ntime.sleep(3)\n'done'"
        said = await impatient_tools.said("ExecutePythonCode", pythonCode=code)
        execution_id = execution_id_of(said)
        calls = 0
        while "executionId" in said:
            assert "GetExecution" in said and execution_id_of(said) == execution_id
            said = await impatient_tools.said("GetExecution", executionId=execution_id)
            calls += 1
        assert "done" in said.split() and "started" in said.split()
        assert 2 <= calls <= 5, "each call waits"
        code = "len(open('/mnt/data/runs').read())"
        assert "3" in (await impatient_tools.said("ExecutePythonCode", pythonCode=code)).split()

    async def test_cancel_execution_stops_a_run(self, impatient_tools):
        """The session is kept, and takes the next run."""
        code = "rows = 7\nimport time\nprint('started')\ntime.sleep(600)"
        execution_id = execution_id_of(await impatient_tools.said("ExecutePythonCode", pythonCode=code))
        canceled = text_of(await impatient_tools("CancelExecution", executionId=execution_id))
        assert "cancel" in canceled.lower() and "started" in canceled
        assert "7" in (await impatient_tools.said("ExecutePythonCode", pythonCode="rows")).split()

    async def test_upload_file_stores_text(self, tools):
        """As it is, in any language."""
        await tools.said("UploadFile", fileName="Übersicht März.csv", content="Süd,42\n漢字,1\n")
        said = await tools.said("ExecutePythonCode", pythonCode="ascii(open('/mnt/data/Übersicht März.csv').read())")
        assert ascii("Süd,42\n漢字,1\n") in said.replace("\\\\", "\\")

    async def test_upload_file_stores_bytes(self, tools):
        """As base64, in a folder, which is created."""
        content = base64.b64encode(bytes(range(256))).decode()
        await tools.said("UploadFile", fileName="all.bin", content=content, encoding="base64", folder="raw/2026")
        code = "open('/mnt/data/raw/2026/all.bin', 'rb').read() == bytes(range(256))"
        assert "True" in (await tools.said("ExecutePythonCode", pythonCode=code)).split()

    async def test_create_upload_url_takes_a_file_without_a_key(self, tools):
        """What is too large for a model is sent to an address, once."""
        said = await tools.said("CreateUploadUrl", fileName="large.bin")
        (url,) = [word.strip("<>.,\"'`") for word in said.split() if "token=" in word]
        async with httpx2.AsyncClient(timeout=60) as http:
            first = await http.put(url, content=bytes(3_000_000))
            second = await http.put(url, content=b"again")
        assert first.is_success, first.text
        assert second.is_client_error
        code = "import os\nos.path.getsize('/mnt/data/large.bin')"
        assert "3000000" in (await tools.said("ExecutePythonCode", pythonCode=code)).split()

    async def test_import_file_names_the_setting_that_allows_a_host(self, tools):
        """Without it, no host is allowed, and the model can tell its user what to ask for."""
        said = await tools.refused("ImportFile", url="https://contoso.example/sales.csv")
        assert "FILE_URL_HOSTS" in said

    async def test_list_files_lists_files_of_folders(self, tools):
        """Those in subfolders on request."""
        await tools.said("UploadFile", fileName="a.txt", content="a")
        await tools.said("UploadFile", fileName="b.txt", content="b", folder="out")
        assert "b.txt" not in await tools.said("ListFiles")
        assert "b.txt" in await tools.said("ListFiles", folder="out")
        everything = await tools.said("ListFiles", recursive=True)
        assert "a.txt" in everything and "out/b.txt" in everything

    async def test_get_file_returns_text(self, tools):
        """As it is."""
        await tools.said("UploadFile", fileName="sales.csv", content=SALES.decode())
        result = await tools("GetFile", fileName="sales.csv")
        assert SALES.decode().strip() in _all_text(result)

    async def test_get_file_shows_images(self, tools):
        """As an image, which models see."""
        await tools("ExecutePythonCode", pythonCode=CHART)
        result = await tools("GetFile", fileName="revenue.png")
        (image,) = [content for content in result.content if isinstance(content, ImageContent)]
        assert base64.b64decode(image.data, validate=True).startswith(b"\x89PNG\r\n\x1a\n")

    async def test_get_file_reports_a_missing_file(self, tools):
        """The message states how to list the files that exist."""
        said = await tools.refused("GetFile", fileName="none.csv")
        assert "FileNotFound" in said and "ListFiles" in said

    async def test_share_file_makes_an_address_without_a_key(self, tools):
        """People open it in a browser."""
        await tools.said("UploadFile", fileName="sales report.csv", content=SALES.decode())
        said = await tools.said("ShareFile", fileName="sales report.csv", lifetimeInSeconds=600)
        (url,) = [word.strip("<>.,\"'`()") for word in said.split() if "token=" in word]
        async with httpx2.AsyncClient(timeout=60, follow_redirects=True) as http:
            assert (await http.get(url)).content == SALES

    async def test_delete_file_deletes_one_file(self, tools):
        """The others are kept."""
        await tools.said("UploadFile", fileName="a.txt", content="a")
        await tools.said("UploadFile", fileName="two words.txt", content="b")
        await tools.said("DeleteFile", fileName="two words.txt")
        listed = await tools.said("ListFiles")
        assert "a.txt" in listed and "two words.txt" not in listed


def _all_text(result):
    """Also that of embedded resources."""
    parts = [getattr(content, "text", None) or getattr(getattr(content, "resource", None), "text", "") for content in
             result.content]  # fmt: skip
    return "\n".join(parts)
