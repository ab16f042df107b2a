"""Files of a session as resources: the MCP SDK for Python finds them by a template and reads them."""

import base64

import pytest
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp_types import BlobResourceContents, ResourceLink, TextResourceContents
from sdk_clients import text_of

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio

NOT_FOUND = {"legacy": -32002, "auto": -32602, "2026-07-28": -32602}


async def only_template(client):
    (template,) = (await client.list_resource_templates()).resource_templates
    return UriTemplate.parse(template.uri_template)


@pytest.mark.parametrize("name", ["sales.csv", "50% of it's [a-z]?.txt", "Übersicht März.csv"])
async def test_a_text_file_is_read_by_the_template(client, tools, session_id, name):
    """Names with any letters, as the template encodes them."""
    await tools.said("UploadFile", fileName=name, content="Süd,42\n")
    uri = (await only_template(client)).expand({"sessionId": session_id, "path": name})
    (contents,) = (await client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.text == "Süd,42\n"
    assert str(contents.uri) == uri


async def test_other_files_are_read_as_bytes(client, tools, session_id):
    """As base64, with their type."""
    code = "import os\nos.makedirs('/mnt/data/out')\nopen('/mnt/data/out/all.png', 'wb').write(bytes(range(256)))"
    result = await tools("ExecutePythonCode", pythonCode=code)
    (link,) = [content for content in result.content if isinstance(content, ResourceLink)]
    (contents,) = (await client.read_resource(str(link.uri))).contents
    assert isinstance(contents, BlobResourceContents)
    assert base64.b64decode(contents.blob, validate=True) == bytes(range(256))
    assert contents.mime_type == "image/png"


async def test_no_session_is_listed(client, tools):
    """Whoever has a key could read the sessions of others."""
    await tools.said("UploadFile", fileName="a.txt", content="a")
    assert (await client.list_resources()).resources == []


async def test_a_missing_file_is_an_error_of_the_protocol(client, mode, session_id, tools):
    """With the code of the version's specification."""
    await tools.said("UploadFile", fileName="a.txt", content="a")
    uri = (await only_template(client)).expand({"sessionId": session_id, "path": "none.txt"})
    with pytest.raises(MCPError) as raised:
        await client.read_resource(uri)
    assert raised.value.code == NOT_FOUND[mode]


async def test_a_file_is_read_from_the_link_of_a_chart(client, tools):
    """The text names the file, and GetFile returns it."""
    result = await tools("ExecutePythonCode", pythonCode="open('/mnt/data/a b.txt', 'w').write('1')")
    assert "a b.txt" in text_of(result)
