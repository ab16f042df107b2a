"""azure-storage-blob: Microsoft's client of Blob Storage, with the emulator's storage over https."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    generate_blob_sas,
)

from emulator.blob_storage.roles import CONTRIBUTOR, READER, Assignment
from emulator.blob_storage.server import BlobStorageServer
from emulator.session_pool.wire.certificate import Certificate
from emulator.session_pool.wire.tokens import TokenAuthority

ACCOUNT = "devstoreaccount1"
CONTENT = os.urandom(9 << 20)


class Credential:
    """What azure.identity would be on Azure: tokens for the scope that the package asks for."""

    def __init__(self, authority: TokenAuthority) -> None:
        self._authority = authority

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        (scope,) = scopes
        return AccessToken(*self._authority.issue(scope.removesuffix("/.default")))


@pytest.fixture(scope="module")
def certificate() -> Iterator[Certificate]:
    made = Certificate()
    yield made
    made.remove()


@pytest.fixture
def server(certificate: Certificate) -> Iterator[BlobStorageServer]:
    running = BlobStorageServer(TokenAuthority(), roles=[Assignment(CONTRIBUTOR)], certificate=certificate)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def service(server: BlobStorageServer, certificate: Certificate) -> BlobServiceClient:
    return BlobServiceClient(
        server.url,
        credential=Credential(server.authority),
        connection_verify=str(certificate.path),
        max_single_put_size=1 << 20,
        max_block_size=4 << 20,
        retry_total=0,
    )


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.get_container_client("files")


def test_blobs_are_uploaded_in_blocks_and_downloaded_in_ranges(container):
    """With names of all kinds, metadata and content settings."""
    blob = container.get_blob_client("folder/ä b+c%#?&.bin")
    settings = ContentSettings(content_type="text/csv", content_disposition="attachment")
    blob.upload_blob(CONTENT, metadata={"caller": "somebody"}, content_settings=settings, max_concurrency=2)
    assert blob.download_blob(max_concurrency=2).readall() == CONTENT
    assert blob.download_blob(offset=100, length=50).readall() == CONTENT[100:150]
    found = blob.get_blob_properties()
    assert (found.size, found.metadata, found.blob_type) == (len(CONTENT), {"caller": "somebody"}, "BlockBlob")
    assert (found.content_settings.content_type, found.content_settings.content_disposition) == (
        "text/csv",
        "attachment",
    )
    assert abs(found.last_modified.timestamp() - time.time()) < 60
    committed, uncommitted = blob.get_block_list("all")
    assert (sum(block.size for block in committed), uncommitted) == (len(CONTENT), [])


def test_conditions_are_the_packages_exceptions(container):
    """What exists, was changed or is missing has an exception each."""
    blob = container.get_blob_client("a")
    etag = blob.upload_blob(b"1")["etag"]
    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"2")
    blob.upload_blob(b"3", overwrite=True)
    with pytest.raises(ResourceModifiedError):
        blob.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    blob.delete_blob()
    with pytest.raises(ResourceNotFoundError):
        blob.download_blob()
    assert not blob.exists()


def test_blocks_are_staged_and_committed(container):
    """As a transfer does it that goes on elsewhere."""
    blob = container.get_blob_client("staged")
    for number in range(3):
        blob.stage_block(f"{number:04}", b"%d" % number)
    assert [block.id for block in blob.get_block_list("uncommitted")[1]] == ["0000", "0001", "0002"]
    blob.commit_block_list([BlobBlock("0002"), BlobBlock("0000")])
    assert blob.download_blob().readall() == b"20"
    with pytest.raises(HttpResponseError) as refused:
        blob.commit_block_list([BlobBlock("0001")])
    assert refused.value.error_code == "InvalidBlockList"


def test_containers_are_listed_in_pages_and_folders(container):
    """Also with names that need care."""
    names = ["a", "a/1", "a/2", "b & <c>", "ä"]
    for name in names:
        container.upload_blob(name, b"1")
    pages = [[blob.name for blob in page] for page in container.list_blobs(results_per_page=2).by_page()]
    assert pages == [names[:2], names[2:4], names[4:]]
    assert [blob.name for blob in container.list_blobs(name_starts_with="a/")] == ["a/1", "a/2"]
    assert sorted(item.name for item in container.walk_blobs()) == ["a", "a/", "b & <c>", "ä"]


def test_a_signed_address_opens_a_blob(service, container, certificate):
    """Until its key is revoked; altered, it does not."""
    container.upload_blob("shared", b"1")
    now = datetime.now(UTC)
    key = service.get_user_delegation_key(now - timedelta(minutes=15), now + timedelta(hours=2))
    query = generate_blob_sas(
        ACCOUNT,
        "files",
        "shared",
        user_delegation_key=key,
        permission=BlobSasPermissions(read=True),
        start=now - timedelta(minutes=10),
        expiry=now + timedelta(hours=1),
        protocol="https",
        content_disposition='attachment; filename="a b.csv"',
    )
    address = f"{container.url}/shared?{query}"
    got = requests.get(address, verify=str(certificate.path), timeout=30)
    assert (got.content, got.headers["Content-Disposition"]) == (b"1", 'attachment; filename="a b.csv"')
    signed = BlobClient.from_blob_url(address, connection_verify=str(certificate.path), retry_total=0)
    assert signed.download_blob().readall() == b"1"
    with pytest.raises(HttpResponseError) as refused:
        signed.upload_blob(b"2", overwrite=True)
    assert refused.value.error_code == "AuthorizationPermissionMismatch"
    altered = requests.get(address.replace("sp=r", "sp=rw"), verify=str(certificate.path), timeout=30)
    assert altered.status_code == 403


def test_a_missing_role_is_a_403(server, container):
    """With the code that Azure has for it."""
    server.roles[:] = [Assignment(READER)]
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("a", b"1")
    assert (refused.value.status_code, refused.value.error_code) == (403, "AuthorizationPermissionMismatch")


def test_a_foreign_token_is_a_401(service, certificate):
    """Of another authority."""
    stranger = BlobServiceClient(
        service.url, credential=Credential(TokenAuthority()), connection_verify=str(certificate.path), retry_total=0
    )
    with pytest.raises(ClientAuthenticationError) as refused:
        stranger.get_container_client("files").upload_blob("a", b"1")
    assert refused.value.error_code == "InvalidAuthenticationInfo"
