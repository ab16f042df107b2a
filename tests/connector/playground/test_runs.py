"""Runs: started, followed and canceled, also when the connection is lost."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.conftest import Api
from tests.connector.playground.conftest import Complaints
from tests.connector.playground.running import SECONDS, editor, expect_result, results

COUNT = "with open('/mnt/data/count.txt', 'a') as file: file.write('once.')\nopen('/mnt/data/count.txt').read()"
EXECUTIONS = re.compile(r"/api/executions$")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="Code").get_by_role("button", name=name, exact=True)


def run(page: Page, code: str) -> None:
    editor(page).fill(code)
    button(page, "Run").click()


def expect_ready(page: Page) -> None:
    expect(button(page, "Run")).to_be_visible(timeout=SECONDS * 1000)


def expect_elapsed(page: Page) -> None:
    """A second or more of the run is over, and is shown."""
    expect(results(page).locator("elapsed-time")).to_have_text(re.compile(r"\d s"), timeout=SECONDS * 1000)


def submissions(page: Page) -> list[dict[str, Any]]:
    """Filled with the bodies of the calls of ExecutePythonCode."""
    found: list[dict[str, Any]] = []
    page.on(
        "request",
        lambda request: (
            found.append(json.loads(request.post_data or ""))
            if request.method == "POST" and EXECUTIONS.search(request.url)
            else None
        ),
    )
    return found


def test_code_runs(page: Page) -> None:
    """One click runs the code; the button keeps its place, its size and the focus, and screen readers hear the end."""
    editor(page).fill("import time\ntime.sleep(2)\nprint('Hello')\n6 * 7")
    before = button(page, "Run").bounding_box()
    button(page, "Run").click()
    expect(button(page, "Cancel")).to_be_focused()
    assert button(page, "Cancel").bounding_box() == before
    expect_result(page, "Hello")
    expect(results(page)).to_contain_text("42")
    expect(button(page, "Run")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Succeeded in 2.")).to_be_attached()


@pytest.mark.browser
def test_variables_are_kept(page: Page) -> None:
    """The runs of a session share its variables, and every run has a key of its own."""
    bodies = submissions(page)
    run(page, "answer = 42")
    expect_ready(page)
    run(page, "answer + 1")
    expect_result(page, "43")
    assert "sessionId" not in bodies[0] and bodies[1]["sessionId"]
    assert bodies[0]["idempotencyKey"] != bodies[1]["idempotencyKey"]


@pytest.mark.browser
def test_the_time_limit_is_sent(page: Page) -> None:
    """Code that takes longer than the chosen time limit is stopped."""
    page.get_by_label("Time limit").select_option("10 s")
    bodies = submissions(page)
    run(page, "import time\nfor step in range(60): time.sleep(1); print('step', step)")
    expect_result(page, "Failed")
    assert bodies[0]["timeoutInSeconds"] == 10


@pytest.mark.browser
def test_nothing_to_run(page: Page) -> None:
    """Without code there is no run, and the page says why."""
    bodies = submissions(page)
    button(page, "Run").click()
    expect(page.get_by_role("region", name="Code").get_by_role("status")).to_contain_text("There is no code to run yet")
    run(page, "'now there is'")
    expect_result(page, "now there is")
    assert len(bodies) == 1


@pytest.mark.browser
def test_output_is_shown_as_it_comes_and_the_run_is_canceled(page: Page) -> None:
    """A long run shows what it has printed so far, and how long it takes; Cancel stops it, and variables are kept."""
    run(page, "import time\nfor step in range(100):\n    print('step', step, flush=True)\n    time.sleep(0.5)")
    expect_result(page, "step 2")
    expect_elapsed(page)
    expect(results(page)).not_to_contain_text("step 99")
    button(page, "Cancel").click()
    expect(button(page, "Canceling")).to_be_focused()
    expect(results(page)).to_contain_text(re.compile("Canceled"), timeout=SECONDS * 1000)
    run(page, "f'stopped at {step}' if step < 99 else 'not stopped'")
    expect_result(page, "stopped at ")


@pytest.mark.browser
def test_a_second_click_does_not_cancel(page: Page) -> None:
    """A double click on Run, or Enter held down on it, starts one run, which goes on."""
    bodies = submissions(page)
    editor(page).fill("import time\ntime.sleep(1.5)\n'went on'")
    button(page, "Run").dblclick()
    expect_result(page, "went on")
    assert len(bodies) == 1


@pytest.mark.browser
def test_cancel_before_the_run_is_known(page: Page) -> None:
    """A run that is canceled while its code is on its way is canceled as soon as the connector has taken it."""
    held: list[Route] = []
    page.route(EXECUTIONS, lambda route: held.append(route))
    run(page, "import time\nfor step in range(60): time.sleep(1)")
    expect_elapsed(page)
    button(page, "Cancel").click()
    expect(button(page, "Canceling")).to_be_visible()
    held[0].continue_()
    expect(results(page)).to_contain_text("Canceled", timeout=SECONDS * 1000)
    expect_ready(page)


@pytest.mark.browser
def test_a_lost_response_does_not_run_the_code_twice(page: Page) -> None:
    """The connector ran the code, but its response was lost: the page sends it again with the same key, and gets it."""
    bodies = submissions(page)

    def lose_the_first(route: Route) -> None:
        if len(bodies) == 1:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(EXECUTIONS, lose_the_first)
    run(page, COUNT)
    expect_result(page, "once.")
    assert len(bodies) == 2 and bodies[0] == bodies[1]
    expect(results(page)).not_to_contain_text("once.once.")
    run(page, "'times: ' + str(open('/mnt/data/count.txt').read().count('once'))")
    expect_result(page, "times: 1")


@pytest.mark.browser
def test_offline_before_the_code_is_sent(page: Page) -> None:
    """Without a connection the page says so and keeps the code; it runs once the connection is back."""
    page.context.set_offline(True)
    run(page, COUNT)
    expect(results(page)).to_contain_text("Connection lost", timeout=SECONDS * 1000)
    page.context.set_offline(False)
    expect_result(page, "once.")
    expect(results(page)).not_to_contain_text("once.once.")


@pytest.mark.browser
def test_offline_during_a_run(page: Page) -> None:
    """A run goes on while the connection is lost, and its result is shown when it is back."""
    run(page, "import time\nfor step in range(8): print('step', step, flush=True); time.sleep(0.5)\n'made it'")
    expect_result(page, "step 1")
    page.context.set_offline(True)
    expect(results(page)).to_contain_text("Connection lost", timeout=SECONDS * 1000)
    page.context.set_offline(False)
    expect_result(page, "made it")
    expect(results(page)).not_to_contain_text("Connection lost")


@pytest.mark.browser
def test_a_busy_connector_is_waited_for(page: Page) -> None:
    """If the connector cannot take the code now, the page shows why, and sends it again after the Retry-After."""
    bodies = submissions(page)

    def busy_at_first(route: Route) -> None:
        if len(bodies) > 2:
            route.continue_()
            return
        error = {"code": "TooManySessions", "message": "All sessions of the pool are in use. Wait, or end some."}
        headers = {"Retry-After": "2", "x-ms-error-code": error["code"]}
        route.fulfill(status=429, headers=headers, json={"error": error})

    page.route(EXECUTIONS, busy_at_first)
    run(page, COUNT)
    expect(results(page).get_by_text("Waiting", exact=True)).to_be_visible()
    expect(results(page)).to_contain_text("All sessions of the pool are in use. Wait, or end some.")
    expect_result(page, "once.")
    assert len(bodies) == 3


@pytest.mark.browser
def test_cancel_while_the_connector_is_busy(page: Page) -> None:
    """Code that the connector has not taken is not sent again after Cancel."""
    bodies = submissions(page)
    error = {"code": "ConnectorBusy", "message": "The connector is busy."}
    headers = {"Retry-After": "60", "x-ms-error-code": error["code"]}
    page.route(EXECUTIONS, lambda route: route.fulfill(status=429, headers=headers, json={"error": error}))
    run(page, "1")
    expect_elapsed(page)
    button(page, "Cancel").click()
    expect(results(page)).to_contain_text("Canceled")
    expect_ready(page)
    assert len(bodies) == 1


@pytest.mark.browser
def test_refused_code(page: Page) -> None:
    """Code that the connector does not accept is not run; its message is shown, and the code is kept."""
    run(page, "#" * 262_145)
    expect_result(page, "pythonCode has 262,145 characters.")
    expect(results(page)).to_contain_text("Not run")
    run(page, "'accepted'")
    expect_result(page, "accepted")


@pytest.mark.browser
def test_the_session_ends_during_a_run(page: Page, api: Api) -> None:
    """If the session is gone, the run ends as unknown, the session as expired, and the next run begins a new one."""
    bodies = submissions(page)
    run(page, "known = 1")
    expect_ready(page)
    run(page, "import time\nfor step in range(60): print('step', step, flush=True); time.sleep(1)")
    expect_result(page, "step 1")
    assert api.call("DELETE", f"/sessions/{bodies[1]['sessionId']}").status_code == 204
    expect_result(page, "The session ended before the run did")
    expect(page.get_by_role("tab", name=re.compile("Session 1.*expired"))).to_be_visible()
    expect(results(page)).to_contain_text("step 1")
    run(page, "'known' in dir()")
    expect_result(page, "False")


@pytest.mark.browser
def test_two_sessions_run_at_once(page: Page) -> None:
    """While one session runs code, another runs its own, and each shows its own results."""
    code = page.get_by_role("textbox", name="Python code")
    run(page, "import time\nfor step in range(100): print('slow', step, flush=True); time.sleep(0.5)")
    expect_result(page, "slow 1")
    page.get_by_role("button", name="New session").click()
    run(page, "'quick'")
    expect_result(page, "quick")
    expect_ready(page)
    expect(code).to_have_value("'quick'")
    page.get_by_role("tab", name="Session 1").click()
    expect(button(page, "Cancel")).to_be_visible()
    expect(results(page)).to_contain_text("slow 3", timeout=SECONDS * 1000)
    expect(results(page)).not_to_contain_text("quick")
    button(page, "Cancel").click()
    expect(results(page)).to_contain_text("Canceled", timeout=SECONDS * 1000)


@pytest.mark.browser
def test_a_run_ends_in_a_session_that_is_not_shown(page: Page) -> None:
    """The result of a run is there when its session is shown again."""
    run(page, "import time\ntime.sleep(3)\n'ended meanwhile'")
    expect(button(page, "Cancel")).to_be_visible()
    page.get_by_role("button", name="New session").click()
    expect(button(page, "Run")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Succeeded in 3.")).to_be_attached(timeout=SECONDS * 1000)
    page.get_by_role("tab", name="Session 1").click()
    expect_result(page, "ended meanwhile")


@pytest.mark.browser
def test_hostile_output_is_text(page: Page) -> None:
    """What code prints and raises changes nothing on the page, whatever it looks like."""
    hostile = "</pre><script>document.title = 'taken'</script><img src=x onerror=document.title='taken'>"
    run(page, f"import sys\ntext = {hostile!r}\nprint(text)\nsys.stderr.write(text)\nraise ValueError(text)")
    expect_result(page, "<script>document.title = 'taken'</script>")
    expect(page.locator(".error-line")).to_have_count(1)
    page.get_by_role("button", name="Error in line 5").hover()
    expect(page).to_have_title("Code Interpreter Playground")
    expect(page.locator("#app script, #app img")).to_have_count(0)


@pytest.mark.browser
def test_large_images_of_a_long_run(page: Page) -> None:
    """Images that the page has are not sent with every poll; at the end all of them are there."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(re.findall(r"includeContent=(\w+)", request.url)[0])
            if re.search(r"/executions/[^/]+\?", request.url)
            else None
        ),
    )
    run(
        page,
        "import numpy, time\nfrom PIL import Image\nfor number in range(3):\n"
        "    noise = numpy.random.default_rng(number).integers(0, 255, (400, 500, 3), 'uint8')\n"
        "    display(Image.fromarray(noise))\n    time.sleep(2.5)",
    )
    expect_result(page, "Succeeded")
    expect(results(page).locator("img")).to_have_count(3)
    assert asked[-1] == "always" and "never" in asked


@pytest.mark.browser
def test_an_upload_and_a_run_share_the_session(page: Page, open_context: Callable[..., BrowserContext]) -> None:
    """Code that is run while the first file is on its way is run in that file's session."""
    bodies = submissions(page)
    arrived = threading.Event()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)
        arrived.set()

    page.route(re.compile(r"/api/files/data\.csv"), hold)
    page.locator("input[type=file]").first.set_input_files(
        [{"name": "data.csv", "mimeType": "text/csv", "buffer": b"a\n1\n"}]
    )
    run(page, "open('/mnt/data/data.csv').read()")
    expect_elapsed(page)
    assert bodies == []
    held[0].continue_()
    expect_result(page, "Succeeded")
    assert bodies[0]["sessionId"]


@pytest.mark.browser
def test_use_it_elsewhere_has_the_call_of_a_person(page: Page, complaints: Complaints) -> None:
    """What is shown for use elsewhere has the code and the session, and none of what the page needs for itself."""
    run(page, "print('to be used elsewhere')")
    expect_result(page, "Succeeded")
    page.get_by_role("button", name=re.compile("Use it elsewhere")).click()
    panel = page.locator(".use")
    expect(panel).to_contain_text("to be used elsewhere")
    expect(panel).not_to_contain_text("idempotencyKey")
    assert complaints == []
