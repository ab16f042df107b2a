"""What the tests of files share: files are chosen or dropped in the browser, and looked up in the session."""

from pathlib import Path
from typing import Any, TypedDict

import requests
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Api


class Chosen(TypedDict):
    name: str
    mimeType: str
    buffer: bytes


def upload(page: Page, **contents: bytes | str) -> str:
    """Uploads files through the browser's dialog, by their names with _dot_ for a dot. Returns the session's ID."""
    return upload_named(page, {name.replace("_dot_", "."): content for name, content in contents.items()})


def upload_named(page: Page, contents: dict[str, bytes | str]) -> str:
    """Uploads files through the browser's dialog, and waits for them. Returns the session's ID."""
    files: list[Chosen] = [
        {
            "name": name,
            "mimeType": "application/octet-stream",
            "buffer": content.encode() if isinstance(content, str) else content,
        }
        for name, content in contents.items()
    ]
    choose(page, files)
    for name in contents:
        expect(row(page, name)).to_be_visible()
    return session_of(page)


def session_of(page: Page) -> str:
    """The ID of the session that is shown, as a person gets it."""
    page.get_by_role("button", name="Copy the session ID").click()
    session_id: str = page.evaluate("() => navigator.clipboard.readText()")
    return session_id


def choose(page: Page, files: list[Chosen] | str | Path, button: str = "files") -> None:
    """Chooses files in the browser's dialog."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("region", name="Files").get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(files)  # type: ignore[arg-type]


def drop(page: Page, make: str, argument: Any = None) -> None:
    """Drops files on the pane. `make` is a function of JavaScript that returns them."""
    transfer = page.evaluate_handle(
        f"""(argument) => {{
          const transfer = new DataTransfer();
          for (const file of ({make})(argument)) transfer.items.add(file);
          return transfer;
        }}""",
        argument,
    )
    page.get_by_role("region", name="Files").dispatch_event("drop", {"dataTransfer": transfer})


def drop_path(page: Page, path: Path) -> None:
    """Drops a file or folder of this machine, as a person does with the mouse."""
    box = page.get_by_role("region", name="Files").bounding_box()
    assert box is not None
    devtools = page.context.new_cdp_session(page)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
        if kind == "dragOver":
            expect(page.get_by_text("Drop to upload")).to_be_visible()


def row(page: Page, name: str) -> Locator:
    """The button with the name of a file that the session has."""
    files = page.get_by_role("list", name="Files of the session")
    return files.get_by_role("button", name=name, exact=True)


def item(page: Page, name: str) -> Locator:
    """All of the row of a file."""
    items = page.get_by_role("list", name="Files of the session").get_by_role("listitem")
    return items.filter(has=page.get_by_role("button", name=name, exact=True)).last


def uploads(page: Page) -> Locator:
    return page.get_by_role("list", name="Uploads").get_by_role("listitem")


def choose_action(page: Page, name: str, action: str) -> None:
    """Chooses an entry of a file's menu."""
    page.get_by_role("button", name=f"More for {name}", exact=True).click()
    page.get_by_role("menuitem", name=action).click()


def stored(api: Api, session_id: str) -> dict[str, int]:
    """The sizes of the files that the session has, by their paths, also of those that are not listed."""
    code = """
import os
{
    os.path.relpath(os.path.join(folder, name), "/mnt/data"): os.path.getsize(os.path.join(folder, name))
    for folder, _, names in os.walk("/mnt/data")
    if "_outputs" not in folder
    for name in names
}
"""
    result: dict[str, int] = api.execute(code, session_id)["value"]
    return result


def opened(link: str) -> bytes:
    """What people get who open a link: the file, or where the link leads to, which is the storage."""
    response = requests.get(link, timeout=10, allow_redirects=False)
    return requests.get(response.headers.get("Location", link), timeout=10).content


def digest(api: Api, session_id: str, name: str) -> str:
    code = f"import hashlib\nhashlib.sha256(open('/mnt/data/{name}', 'rb').read()).hexdigest()"
    value: str = api.execute(code, session_id)["value"]
    return value
