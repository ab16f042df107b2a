"""Which containers a deployment has, and from which of them files may be imported."""

import pytest

from connector import errors
from connector.bulkhead import Admission
from connector.outbound.deadlines import Deadline
from connector.storage.storage import Storage


@pytest.fixture
def storage(open_container, account) -> Storage:
    """With a container of its own, and one to import from."""
    imports = open_container(url=account.server.container_url("imports"), setting="IMPORT_CONTAINER_URLS")
    return Storage(open_container(), (imports,))


def test_without_a_container_the_setting_is_named():
    """There is nothing else to do about it."""
    with pytest.raises(errors.StorageNotConfigured, match="FILES_CONTAINER_URL"):
        Storage().require_files()


def test_blobs_are_imported_from_the_containers_of_the_settings(storage):
    """And from the exports in the connector's own."""
    (imports,) = storage.imports
    assert storage.container_of(imports.blob_url("a b/c.csv")) == (imports, "a b/c.csv")
    files = storage.require_files()
    assert storage.container_of(files.blob_url("exports/c.csv")) == (files, "exports/c.csv")


@pytest.mark.parametrize("name", ["workspaces/a/b.tar", "shared/a/b/c.csv", "Exports/c.csv", "exports", "c.csv"])
def test_no_other_blob_of_the_connector_is_imported(storage, name):
    """They are those of single callers, and their names can be guessed."""
    with pytest.raises(errors.SourceNotAllowed):
        storage.container_of(storage.require_files().blob_url(name))


def test_no_blob_of_the_connector_is_imported_by_another_setting(storage):
    """Also if its container is one of those to import from."""
    files = storage.require_files()
    with pytest.raises(errors.SourceNotAllowed):
        Storage(files, (files,)).container_of(files.blob_url("workspaces/a/b.tar"))


@pytest.mark.parametrize(
    "path", ["exports/../workspaces/a/b.tar", "exports/%2e%2e/workspaces/a", "exports%5C..%5Cshared/a"]
)
def test_no_path_leaves_the_exports(storage, path):
    """However it is written."""
    with pytest.raises(errors.InvalidRequest) as failure:
        storage.container_of(f"{storage.require_files().url}/{path}")
    assert failure.value.target == "blobUrl"


@pytest.mark.parametrize("url", ["https://other.blob.core.windows.net/imports/a", "a", ""])
def test_other_addresses_are_refused(storage, url):
    """With the setting, and without the containers that there are."""
    with pytest.raises(errors.SourceNotAllowed, match="IMPORT_CONTAINER_URLS") as failure:
        storage.container_of(url.format(imports=storage.imports[0].url))
    assert failure.value.target == "blobUrl"
    assert "127.0.0.1" not in failure.value.message


@pytest.mark.parametrize("end", ["a?sig=x", "Report #2.csv"])
def test_a_query_or_fragment_is_said_to_be_one(storage, end):
    """Not that the container is missing in the settings: a name may have these characters, which are encoded then."""
    with pytest.raises(errors.InvalidRequest, match="%3F or %23") as failure:
        storage.container_of(f"{storage.imports[0].url}/{end}")
    assert failure.value.target == "blobUrl"


def test_a_deadline_and_a_place_are_those_of_all_containers(storage):
    """A call after the deadline is not sent, and one without a place is refused."""

    class Full(Admission):
        def enter_pool(self) -> None:
            raise errors.ConnectorBusy("full")

    late = storage.with_deadline(Deadline.after(0))
    full = storage.admitted_by(Full())
    for container in (late.require_files(), *late.imports):
        with pytest.raises(errors.StorageTimeout):
            container.get_blob("a")
    for container in (full.require_files(), *full.imports):
        with pytest.raises(errors.ConnectorBusy):
            container.get_blob("a")
