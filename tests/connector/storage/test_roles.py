"""Roles that the connector's identity lacks: each error names the role, and where to assign it."""

import pytest
import requests

from connector import errors
from emulator.blob_storage.roles import CONTRIBUTOR, DELEGATOR, READER, Assignment
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.connector.storage.container_cases import stored


@pytest.fixture
def start(start_storage_alone):
    """Returns a function that starts an account with these roles."""
    return lambda *roles: start_storage_alone(TokenAuthority(), roles=roles)


@pytest.mark.parametrize(
    "call",
    [
        lambda container: container.get_blob("a"),
        lambda container: container.read_range("a", 0, 1, etag='"1"'),
        lambda container: container.put_block("a", "1", b"x"),
        lambda container: container.uncommitted_blocks("a"),
        lambda container: container.commit("a", [], content_type="text/csv"),
        lambda container: container.delete("a"),
        lambda container: list(container.list_blobs("")),
    ],
)
@pytest.mark.parametrize("setting", ["FILES_CONTAINER_URL", "IMPORT_CONTAINER_URLS"])
def test_without_a_role_every_call_names_it(start, open_container, call, setting):
    """That of the setting: files are written, and imports only read."""
    role = {"FILES_CONTAINER_URL": CONTRIBUTOR, "IMPORT_CONTAINER_URLS": READER}[setting]
    with pytest.raises(errors.StorageAccessDenied, match=f"'{role}' on the container of {setting}"):
        call(open_container(account=start(Assignment(DELEGATOR)), setting=setting))


def test_a_url_needs_a_role_on_the_account(start, open_container):
    """A delegation key is the account's: the role on the container, which has the action too, gives none."""
    account = start(Assignment(CONTRIBUTOR, "files"))
    container = open_container(account=account)
    stored(container, "a", b"x")
    options = {"lifetime_seconds": 60, "file_name": "a", "content_type": "text/csv"}
    with pytest.raises(errors.StorageAccessDenied, match=f"'{DELEGATOR}' on the storage account"):
        container.signed_url("a", **options)
    account.server.roles.append(Assignment(DELEGATOR))
    url = container.signed_url("a", **options)
    assert requests.get(url, timeout=10).status_code == 200
    account.server.roles[:] = [Assignment(DELEGATOR)]
    assert requests.get(url, timeout=10).status_code == 403


def test_the_roles_of_a_deployment_are_enough(start_storage_alone, open_container):
    """To write, list, sign and delete in `files`, and to read in `imports`, where it cannot write."""
    account = start_storage_alone(TokenAuthority())
    files = open_container(account=account)
    imports = open_container(
        account=account, url=account.server.container_url("imports"), setting="IMPORT_CONTAINER_URLS"
    )
    stored(files, "a", b"x")
    assert [blob.name for blob in files.list_blobs("")] == ["a"]
    url = files.signed_url("a", lifetime_seconds=60, file_name="a", content_type="text/csv")
    assert requests.get(url, timeout=10).content == b"x"
    files.delete("a")
    etag = account.put("b", b"to import")
    assert imports.read_range("b", 3, 8, etag=etag) == b"import"
    with pytest.raises(errors.StorageAccessDenied):
        imports.put_block("b", "1", b"x")
