"""Lists in pages: bounded, in a stable order, whatever happens between two pages."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connector.errors import InvalidRequest
from connector.files.pages import Listing, page
from connector.models import File


def file(name: str, folder: str = "") -> File:
    return File(name, folder, 1, "text/plain")


def write(api, session_id: str, code: str) -> None:
    make = (
        "import os\ndef make(path):\n    os.makedirs(os.path.dirname('/mnt/data/' + path), exist_ok=True)\n"
        "    open('/mnt/data/' + path, 'w').close()\n"
    )
    assert api.execute(make + code, session_id)["status"] == "Succeeded"


def pages_of(api, query: str) -> list[list[str]]:
    """The paths of each page, by continuation tokens."""
    found, token = [], ""
    while True:
        response = api.call("GET", f"/files?{query}{token}")
        assert response.status_code == 200 and len(response.text) < 90_000, response.text[:500]
        body = response.json()
        found.append([f"{file['folder']}/{file['fileName']}".lstrip("/") for file in body["files"]])
        assert ("continuationToken" in body) == ("nextLink" in body)
        if "nextLink" not in body:
            return found
        token = f"&continuationToken={body['continuationToken']}"


def test_a_list_of_thousands_comes_in_pages(api, session_id):
    """Each is less than what agents read, and together they have every file once."""
    write(api, session_id, "for number in range(3000): make(f'{number % 3}/file-{number:05}.csv')")
    pages = pages_of(api, f"sessionId={session_id}&recursive=true")
    assert [len(one) for one in pages] == [500] * 6
    expected = sorted(f"{number % 3}/file-{number:05}.csv" for number in range(3000))
    assert [path for one in pages for path in one] == expected
    larger = pages_of(api, f"sessionId={session_id}&recursive=true&maxItems=1000")
    assert [path for one in larger for path in one] == expected and len(larger) < 7


def test_long_names_make_a_page_shorter(api, session_id):
    """Each character of these names is twelve in JSON."""
    write(api, session_id, "for number in range(300): make('🙂' * 60 + f'/{number:03}' + '🙂' * 60)")
    pages = pages_of(api, f"sessionId={session_id}&recursive=true")
    assert len(pages) > 2 and sum(map(len, pages)) == 300


def test_the_next_link_needs_no_key(api_with_key, session_id):
    """It leads through all pages, with the parameters of the first one."""
    key = {"x-functions-key": api_with_key.key}
    files = [{"fileName": f"{number}.txt", "fileContent": ""} for number in range(5)]
    body = {"sessionId": session_id, "folder": "in", "files": files}
    assert api_with_key.call("POST", "/files", json=body, headers=key).ok
    query = f"sessionId={session_id}&recursive=true&folder=%2Fmnt%2Fdata%2Fin&maxItems=2"
    response = api_with_key.call("GET", f"/files?{query}", headers=key)
    names = [file["fileName"] for file in response.json()["files"]]
    while "nextLink" in response.json():
        link = response.json()["nextLink"]
        assert link.startswith(f"{api_with_key.url}/listings?token=") and session_id not in link
        response = requests.get(link, timeout=60)
        assert response.status_code == 200 and len(response.json()["files"]) <= 2
        names += [file["fileName"] for file in response.json()["files"]]
    assert names == [f"{number}.txt" for number in range(5)]
    assert api_with_key.call("GET", f"/files?{query}").status_code == 401


def test_without_a_signing_key_the_next_link_is_that_of_list_files(emulator, start_connector, session_id):
    """With the same parameters, encoded, and the continuation token."""
    environment = {name: value for name, value in emulator.environment.items() if name != "SIGNING_KEY"}
    connector = start_connector(**environment, PUBLIC_BASE_URL="https://tools.example/gateway")
    files = [{"fileName": name, "fileContent": ""} for name in ("a", "b")]
    connector.call("POST", "/files", json={"sessionId": session_id, "folder": "q1 & q2", "files": files})
    query = f"sessionId={session_id}&folder=q1%20%26%20q2&maxItems=1"
    first = connector.call("GET", f"/files?{query}").json()
    link = urlsplit(first["nextLink"])
    assert (link.scheme, link.netloc, link.path) == ("https", "tools.example", "/gateway/api/files")
    sent = {"sessionId": session_id, "folder": "q1 & q2", "maxItems": "1"}
    token = {"continuationToken": first["continuationToken"]}
    assert parse_qs(link.query) == {name: [value] for name, value in (sent | token).items()}
    second = connector.call("GET", f"/files?{link.query}").json()
    assert [file["fileName"] for file in second["files"]] == ["b"] and "nextLink" not in second


def test_files_that_come_and_go_between_two_pages(api, session_id):
    """The last file of the page before may be deleted; no other file is listed twice or not at all."""
    write(api, session_id, "for name in 'bcdef': make(name)")
    query = f"/files?sessionId={session_id}&maxItems=2"
    first = api.call("GET", query).json()
    write(api, session_id, "make('a'); make('d2'); os.remove('/mnt/data/c')")
    rest = api.call("GET", f"{query}&continuationToken={first['continuationToken']}").json()
    assert [file["fileName"] for file in first["files"] + rest["files"]] == ["b", "c", "d", "d2"]


@pytest.mark.parametrize("change", ["&folder=in", "&recursive=true"])
def test_a_token_belongs_to_its_list(api, session_id, change):
    """Another list is a 400 that states the remedy."""
    write(api, session_id, "for name in ('a', 'b', 'in/a', 'in/b'): make(name)")
    query = f"/files?sessionId={session_id}&maxItems=1"
    token = api.call("GET", query).json()["continuationToken"]
    refused = api.call("GET", f"{query}{change}&continuationToken={token}")
    error = refused.json()["error"]
    assert (refused.status_code, error["target"]) == (400, "continuationToken")
    assert "Send the token of the page before" in error["message"] and "or omit it" in error["message"]


def test_a_token_that_is_not_complete_is_refused():
    """Or none at all: no list begins at a place that nobody chose."""
    listing = Listing("in", False)
    token = listing.token(file("Umsatz – Q1.csv", "in"))
    assert listing.position(token) == listing.position(token + "=" * (-len(token) % 4)) == ("in", "Umsatz – Q1.csv")
    for wrong in (token[:-1], token[1:], token + "A", "x", "*", "é", base64.b64encode(b"a/b").decode()):
        with pytest.raises(InvalidRequest):
            listing.position(wrong)


def test_an_expired_or_invalid_link_is_refused(api):
    """With the remedy."""
    refused = api.call("GET", "/listings?token=gAAAAABqX0c")
    assert refused.status_code == 400 and "List the files again with ListFiles." in refused.json()["error"]["message"]


@pytest.mark.parametrize("wrong", ["0", "1001", "-1", "viele – „500“"])
def test_max_items_has_bounds(api, session_id, wrong):
    """From 1 to 1,000. The message shows the characters that were sent."""
    refused = api.call("GET", f"/files?sessionId={session_id}&maxItems={wrong}")
    error = refused.json()["error"]
    assert (refused.status_code, error["target"]) == (400, "maxItems")
    assert f"maxItems is {wrong}" in error["message"].replace(chr(34), "")


def test_a_page_has_at_least_one_file_and_never_half_of_those_that_are_listed_alike():
    """However long a name is; names that are not UTF-8 are one place in a list."""
    long = [file("x" * 80_000), file("y" * 80_000)]
    assert page(long, None, 10) == (long[:1], True)
    assert page(long, ("", long[0].file_name), 10) == (long[1:], False)
    alike = [file("a"), file("\ufffd"), file("\ufffd"), file("\ufffd"), file("\uffff")]
    assert page(alike, None, 2) == (alike[:4], True)
    assert page(alike, ("", "\ufffd"), 2) == (alike[4:], False)
    assert page([], None, 10) == ([], False)
    assert json.dumps([one.file_name for one in page(alike, ("zzz", ""), 2)[0]]) == "[]"
