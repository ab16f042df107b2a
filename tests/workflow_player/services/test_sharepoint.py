"""The stand-in of SharePoint: files of a folder, under paths and identifiers."""

import pytest

from tests.workflow_player.services.connected import by_id, by_path
from workflow_player.errors import FlowError
from workflow_player.services.sharepoint import SITE, SharePoint, identifier, path_of

FILE = "/Shared Documents/Sales & more/Süd 50%.csv"
DATASET = f"@{{encodeURIComponent(encodeURIComponent('{SITE}'))}}"


@pytest.fixture
def site(tmp_path):
    (tmp_path / FILE.strip("/")).parent.mkdir(parents=True)
    (tmp_path / FILE.strip("/")).write_bytes(b"a,b\n")
    return SharePoint(tmp_path)


def test_identifiers():
    """They stand for paths, and look like those of SharePoint."""
    assert identifier("/Shared Documents/a.csv") == "%252fShared%2bDocuments%252fa.csv"
    assert path_of(identifier(FILE)) == FILE


def test_content_by_path_and_by_identifier(site):
    """In both dialects; text files are text where the type is inferred."""
    by_the_path = by_path(site, "get", f"/datasets/{DATASET}/GetFileContentByPath", queries={"path": FILE})
    assert by_the_path.outputs["body"] == "a,b\n"
    path = f"/datasets/{DATASET}/files/@{{encodeURIComponent('{identifier(FILE)}')}}/content"
    assert by_path(site, "get", path).outputs["body"] == "a,b\n"
    parameters = {"dataset": SITE, "id": identifier(FILE), "inferContentType": False}
    content = by_id(site, "GetFileContent", parameters).outputs["body"]
    assert content == {"$content-type": "application/octet-stream", "$content": "YSxiCg=="}


def test_paths_that_are_encoded_once(site):
    """A site in a path has to be encoded twice, as the connector decodes it twice."""
    with pytest.raises(FlowError, match="dataset in the path is encoded once"):
        by_path(
            site, "get", f"/datasets/@{{encodeURIComponent('{SITE}')}}/GetFileContentByPath", queries={"path": FILE}
        )


def test_missing_file(site):
    """A 404 fails the action."""
    result = by_id(site, "GetFileContentByPath", {"dataset": SITE, "path": "/Shared Documents/x.csv"})
    assert (result.status, result.code) == ("Failed", "NotFound")


def test_folders(site):
    """Files of a folder, as metadata or as items of the library."""
    folder = FILE.rpartition("/")[0]
    found = by_id(site, "ListFolder", {"dataset": SITE, "id": identifier(folder)}).outputs["body"]
    assert [(file["Name"], file["Id"], file["IsFolder"]) for file in found] == [
        ("Süd 50%.csv", identifier(FILE), False)
    ]
    items = by_id(site, "GetFileItems", {"dataset": SITE, "table": "x", "folderPath": folder}).outputs["body"]["value"]
    assert items[0]["{FilenameWithExtension}"] == "Süd 50%.csv"


def test_create_and_update(site):
    """Content as it is sent; a name that is taken is an error, as without chunks so with them."""
    parameters = {
        "dataset": SITE,
        "folderPath": "/Shared Documents/New",
        "name": "b.bin",
        "body": "@base64ToBinary('iVA=')",
    }
    chunked = {"runtimeConfiguration": {"contentTransfer": {"transferMode": "Chunked"}}}
    created = by_id(site, "CreateFile", parameters, **chunked)
    assert created.status == "Succeeded"
    assert (site.folder / "Shared Documents/New/b.bin").read_bytes() == b"\x89P"
    assert by_id(site, "CreateFile", parameters).code == "BadRequest"
    update = {"dataset": SITE, "id": created.outputs["body"]["Id"], "body": "text"}
    assert by_id(site, "UpdateFile", update).status == "Succeeded"
    assert (site.folder / "Shared Documents/New/b.bin").read_bytes() == b"text"


def test_no_file_outside_of_the_site(site):
    """Not even by its path."""
    with pytest.raises(ValueError, match="outside"):
        by_id(site, "GetFileContentByPath", {"dataset": SITE, "path": "/../../etc/passwd"})


def test_trigger(site):
    """A new file, as an item with the members that flows read."""
    (item,) = site.new_file(FILE)["body"]["value"]
    assert (item["{Identifier}"], item["{Name}"], item["{IsFolder}"]) == (identifier(FILE), "Süd 50%", False)
    assert item["{Path}"] == "Shared Documents/Sales & more/"


@pytest.mark.parametrize(
    ("operation_id", "parameters", "words"),
    [
        ("GetFile", {}, "no operation GetFile"),
        ("GetFileContent", {"dataset": SITE}, "needs the path parameter id"),
        ("GetFileContent", {"dataset": SITE, "id": "x", "name": "y"}, "no parameter name"),
        ("GetFileContent", {"dataset": SITE, "id": "x", "inferContentType": []}, "of the type boolean"),
        ("GetOnNewFileItems", {"dataset": SITE, "table": "x"}, "is a trigger"),
        ("CreateFile", {"dataset": SITE, "folderPath": "/x", "name": "y"}, "needs the parameter body"),
    ],
)
def test_mistakes(site, operation_id, parameters, words):
    """They fail the play, with the name of the action."""
    with pytest.raises(FlowError, match=f"Call: .*{words}"):
        by_id(site, operation_id, parameters)
