"""Which URLs of other hosts may be read, without a network."""

import pytest

from connector.errors import ConnectorError, InvalidRequest, SourceNotAllowed
from connector.outbound.allowed_hosts import AllowedHosts

HOSTS = AllowedHosts(("files.contoso.com", "*.blob.core.windows.net"))


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("https://files.contoso.com/a.csv?sig=a%2Bb&x=/", "https://files.contoso.com/a.csv?sig=a%2Bb&x=/"),
        ("https://FILES.Contoso.com:443", "https://files.contoso.com/"),
        ("HTTPS://files.contoso.com./a", "https://files.contoso.com/a"),
        ("https://a.b.blob.core.windows.net/c/größe.csv", "https://a.b.blob.core.windows.net/c/gr%C3%B6%C3%9Fe.csv"),
        ("https://ａ.blob.core。windows.net/x", "https://a.blob.core.windows.net/x"),
    ],
)
def test_what_is_requested(url, requested):
    """Is put together of what was checked, in ASCII."""
    assert HOSTS.checked(url).url == requested


@pytest.mark.parametrize(
    "url",
    [
        "https://blob.core.windows.net/",
        "https://evilblob.core.windows.net/",
        "https://a.blob.core.windows.net.evil.com/",
        "https://a.blob.core.windows.net.evil.com?.blob.core.windows.net/",
        "https://files.contoso.com.evil.com/",
        "https://evil.com/files.contoso.com",
        "https://localhost.localdomain/",
    ],
)
def test_a_host_that_is_not_named(url):
    """Also one that looks like it."""
    with pytest.raises(SourceNotAllowed):
        HOSTS.checked(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.contoso.com/",
        "file:///etc/passwd",
        "//files.contoso.com/",
        "files.contoso.com/a",
        "https:files.contoso.com",
        "https:///files.contoso.com",
        "https://files.contoso.com:8443/",
        "https://files.contoso.com:0443x/",
        "https://files.contoso.com:99999/",
        "https://user@files.contoso.com/",
        "https://user:password@files.contoso.com/",
        "https://@files.contoso.com/",
        "https://evil.com\\@files.contoso.com/",
        "https://evil.com\\.blob.core.windows.net/",
        "https://files.contoso.com/#a",
        "https://evil.com#@files.contoso.com/",
        " https://files.contoso.com/",
        "https://files.contoso.com/\r\nX-Header: a",
        "https://files.contoso.com/\ta",
        "https://files.contoso.com/\x7f",
        "https://files.contoso.com/\u2028",
        "https://files.contoso.com/\ud800",
        "https://169.254.169.254/",
        "https://0xa9fea9fe/",
        "https://2852039166/",
        "https://0251.0376.0251.0376/",
        "https://127.1/",
        "https://127.0.0.0x1/",
        "https://１２７.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1%25eth0]/",
        "https://localhost/",
        "https://files..contoso.com/",
        "https://files.contoso.com../",
        "https://files%2Econtoso.com/",
        "https://-.blob.core.windows.net/",
        f"https://{'a' * 64}.blob.core.windows.net/",
        f"https://{'a.' * 130}blob.core.windows.net/",
        "https://",
        "",
    ],
)
def test_what_is_no_url_of_a_named_host(url):
    """Is refused before any name is looked up, in every notation of an address."""
    with pytest.raises(InvalidRequest):
        HOSTS.checked(url)


def test_without_hosts():
    """Every URL is refused, and the message names the setting."""
    with pytest.raises(ConnectorError) as refused:
        AllowedHosts().checked("https://files.contoso.com/")
    assert refused.value.code == "SourceNotAllowed"
    assert "FILE_URL_HOSTS" in refused.value.message
