"""One function for each behavior of the host that is tested."""

import hashlib
import json
import sys
import threading
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

RESPONSES = {
    "plain": lambda: func.HttpResponse("grün"),
    "json": lambda: func.HttpResponse("{}", mimetype="application/json"),
    "own-content-type": lambda: func.HttpResponse("a,b", mimetype="text/html", headers={"content-type": "text/csv"}),
    "created": lambda: func.HttpResponse(b"\x00\xff", status_code=201, mimetype="application/octet-stream"),
    "no-content": lambda: func.HttpResponse(status_code=204),
    "body-of-no-content": lambda: func.HttpResponse("lost", status_code=204),
    "wrong-length": lambda: func.HttpResponse("four", headers={"Content-Length": "4000"}),
    "length-of-head": lambda: func.HttpResponse(headers={"Content-Length": "4000"}),
    "header-not-ascii": lambda: func.HttpResponse("x", headers={"Content-Disposition": "attachment; filename=grün"}),
    "status-too-large": lambda: func.HttpResponse("x", status_code=1000),
    "none": lambda: None,
    "dict": lambda: {"a": 1},
    "bytes": lambda: b"bytes",
    "string": lambda: "just text",
    "json-string": lambda: '{"a": 1}',
    "envelope": lambda: '{"Body": "taken apart", "statusCode": 202, "headers": {"X-One": "1"}}',
    "envelope-with-json": lambda: '{"body": {"a": [1]}, "status": "409"}',
    "raise": lambda: 1 / 0,
    "exit": lambda: sys.exit(3),
}


@app.route("echo/{*path}")
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route_params": dict(req.route_params),
        "body": hashlib.sha256(req.get_body()).hexdigest(),
        "body_bytes": len(req.get_body()),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("items/{kind:alpha}/{id:int?}", methods=["GET"])
def item(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(dict(req.route_params)))


@app.route("things/{id}", methods=["GET"])
def get_thing(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("get_thing")


@app.route("things/{id}", methods=["DELETE", "HEAD"])
def delete_thing(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("delete_thing")


@app.route("shelf/newest")
def z_newest(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("literal")


@app.route("shelf/{book}")
def book(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("parameter")


@app.route("shelf/{*anything}")
def anything(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("catch-all")


@app.route()
def unrouted(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("unrouted")


@app.function_name("named")
@app.route()
def has_another_name(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("named")


@app.route("respond/{how}")
def respond(req: func.HttpRequest):
    return RESPONSES[req.route_params["how"]]()


@app.route("repeated-headers")
def repeated_headers(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("x")
    for name, value in [("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "one=1"), ("Set-Cookie", "two=2")]:
        response.headers.add(name, value)
    return response


@app.route("context")
def with_context(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    seen = [
        context.invocation_id,
        context.function_name,
        context.function_directory,
        context.trace_context.trace_parent,
    ]
    return func.HttpResponse(json.dumps(seen))


@app.route("thread")
def thread(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(threading.current_thread().name)


@app.route("loop")
async def loop(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(threading.current_thread().name)


@app.route("late", methods=["POST"])
def late(req: func.HttpRequest) -> func.HttpResponse:
    """Writes the file whose path is the body, a while after it was called."""
    time.sleep(1)
    Path(req.get_body().decode()).write_text("done")
    return func.HttpResponse("done")


class Crowd:
    """Counts the calls that are in progress, and the most there ever were."""

    now = most = 0
    lock = threading.Lock()


@app.route("crowd")
def crowd(req: func.HttpRequest) -> func.HttpResponse:
    with Crowd.lock:
        Crowd.now += 1
        Crowd.most = max(Crowd.most, Crowd.now)
    time.sleep(0.2)
    with Crowd.lock:
        Crowd.now -= 1
        return func.HttpResponse(str(Crowd.most))


RELEASE = threading.Event()


@app.route("blocked")
def blocked(req: func.HttpRequest) -> func.HttpResponse:
    RELEASE.wait(30)
    return func.HttpResponse("released")


@app.route("admin/anything")
def reserved(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("reserved")


@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def tick(timer: func.TimerRequest) -> None:
    """No HTTP trigger: the host leaves it alone."""
