"""Addresses of containers and blobs, and names of blobs."""

import pytest

from connector import errors
from connector.storage.addresses import ContainerAddress, check_blob_name

CLOUD = "https://contoso.blob.core.windows.net/imports"
LOCAL = "http://127.0.0.1:10000/devstoreaccount1/imports"


@pytest.mark.parametrize(
    ("url", "service", "account"),
    [
        (CLOUD, "https://contoso.blob.core.windows.net", "contoso"),
        (CLOUD + "/", "https://contoso.blob.core.windows.net", "contoso"),
        ("https://contoso.blob.core.chinacloudapi.cn/imports", "https://contoso.blob.core.chinacloudapi.cn", "contoso"),
        ("https://contoso.z12.blob.storage.azure.net/imports", "https://contoso.z12.blob.storage.azure.net", "contoso"),
        (LOCAL, "http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1"),
        ("https://localhost:10000/account/imports", "https://localhost:10000/account", "account"),
    ],
)
def test_an_address_has_an_account_and_a_container(url, service, account):
    """The account is in the name of the host, or in the path of an emulator's address."""
    address = ContainerAddress.of(url)
    assert (address.service, address.account, address.container) == (service, account, "imports")
    assert address.url == url.rstrip("/")


@pytest.mark.parametrize("container", [CLOUD, LOCAL])
@pytest.mark.parametrize("name", ["a.csv", "a b/ü+%41#?&=;'", "日本", "a//b", "%2e%2e/%2F"])
def test_the_address_of_a_blob_has_its_name(container, name):
    """Encoded, and read back from there."""
    address = ContainerAddress.of(container)
    assert address.name_of(address.blob_url(name)) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{CLOUD}/a%20b+c", "a b+c"),
        ("HTTPS://CONTOSO.blob.core.windows.net:443/imports/a", "a"),
        (f"{CLOUD}/", None),
        (CLOUD, None),
        (f"{CLOUD}2/a", None),
        (f"{CLOUD}/a?sv=2024-11-04&sig=x", None),
        (f"{CLOUD}/a#b", None),
        (CLOUD.replace("https", "http") + "/a", None),
        (CLOUD.replace("contoso.", "contoso.blob.core.windows.net@evil.example/") + "/a", None),
        (CLOUD.replace("//contoso", "//user:password@contoso") + "/a", None),
        (CLOUD.replace(".net", ".net.evil.example") + "/a", None),
        (CLOUD.replace(".net", ".net.") + "/a", None),
        (CLOUD.replace(".net", ".net:8443") + "/a", None),
        (CLOUD.replace(".net", ".net:port") + "/a", None),
        (CLOUD.replace("imports", "Imports") + "/a", None),
        (CLOUD.replace("imports", "%69mports") + "/a", None),
        (f"{CLOUD}/%ff", None),
        ("https://[::1/a", None),
        ("a.csv", None),
        ("", None),
    ],
)
def test_only_an_address_below_the_container_is_that_of_its_blob(url, name):
    """The token goes to the configured address alone, whatever the URL of a caller is."""
    assert ContainerAddress.of(CLOUD).name_of(url) == name


@pytest.mark.parametrize(
    "name",
    ["", "a" * 1025, ".", "..", "a/../b", "../b", "a/..", "a\\..\\b", "a/./b", "a./b", "a.", "a\nb", "a\x00b", "\x7f",
     "\ud800", "/".join("a" * 255)],
)  # fmt: skip
def test_a_name_that_could_be_another_path_is_refused(name):
    """And what a URL cannot have. The error states which part of the request it is."""
    with pytest.raises(errors.InvalidRequest) as failure:
        check_blob_name(name, "blobName")
    assert failure.value.target == "blobName"


@pytest.mark.parametrize("name", ["a", "a" * 1024, ".hidden", "a..b/c.d", "a b/ü", "..a", "日本", "/".join("a" * 254)])
def test_other_names_are_accepted(name):
    """Also those with dots."""
    assert check_blob_name(name) == name
