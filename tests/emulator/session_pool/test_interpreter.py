"""What code finds in a session, and what comes back of it."""

import base64
import time

import pytest


def test_variables_imports_and_files_stay(wire):
    """One interpreter for an identifier, from call to call."""
    wire.run("import math\nx = 5\nopen('/mnt/data/f.txt', 'w').write('kept')")
    assert wire.value("math.floor(x + 0.5), open('/mnt/data/f.txt').read()") == "(5, 'kept')"


def test_sessions_see_nothing_of_each_other(wire, wire_to, session_id):
    """Not each other's variables, files, temporary files, or processes."""
    other = wire_to(session_id + "-other")
    wire.run("secret = 1\nfor f in ('/mnt/data/s', '/tmp/s'): open(f, 'w').write('s')")
    code = "import os\n'secret' in globals(), os.path.exists('/mnt/data/s'), os.path.exists('/tmp/s')"
    assert other.value(code) == "(False, False, False)"
    assert other.value("[p for p in os.listdir('/proc') if p.isdigit()]") == "['1', '2']"


def test_sessions_draw_different_random_numbers(wire, wire_to, session_id):
    """They are copies of one process, and must not be copies of its generators."""
    code = "import random, numpy\nrandom.random(), numpy.random.rand()"
    assert wire.value(code) != wire_to(session_id + "-other").value(code)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("1.5", 1.5),
        ("True", True),
        ("'text'", "text"),
        ("'it\\'s'", "it's"),
        ("None", ""),
        ("print('x')", ""),
        ("x = 1", ""),
        ("5;", ""),
        ("float('nan')", None),
        ("float('inf')", "inf"),
        ("[1, 2]", "[1, 2]"),
        ("{'a': 1}", "{'a': 1}"),
        ("10 ** 20", 10**20),
        ("-7", -7),
        ("1e-07", 1e-07),
        ("b'x'", "b'x'"),
        ("import pandas as pd\npd.DataFrame({'a': [1]})", "   a\n0  1"),
    ],
)
def test_the_value_of_the_last_expression(wire, code, value):
    """Numbers, booleans and strings are JSON's; nan is null; no value is the empty string; the rest is text."""
    found = wire.value(code)
    assert found == value
    assert type(found) is type(value)


def test_a_value_that_cannot_be_shown_says_why(wire):
    """The run is well; stderr has what went wrong with showing it."""
    body = wire.run("10 ** 5000")
    assert body["status"] == "Succeeded"
    assert "ValueError" in body["result"]["stderr"]


def test_everything_that_a_run_writes_comes_with_it(wire):
    """Python's streams, the descriptors below them, shells, child processes and forks."""
    body = wire.run(
        "import os, subprocess, sys, multiprocessing\n"
        "print('printed'); print('warned', file=sys.stderr); os.write(1, b'raw\\n'); os.write(2, b'raw error\\n')\n"
        "os.system('echo system'); subprocess.run(['echo', 'subprocess'])\n"
        "subprocess.run(['echo', 'to'], stdout=sys.stdout)\n"
        "!echo shell\n"
        "with multiprocessing.Pool(1) as pool: pool.map(print, ['forked'])\n",
        outputStreamsMaxLength=10_000,
    )
    out, err = body["result"]["stdout"], body["result"]["stderr"]
    assert {"printed", "raw", "system", "subprocess", "to", "shell", "forked"} <= set(out.split())
    assert "warned" in err and "raw error" in err


def test_what_a_thread_writes_later_belongs_to_no_other_run(wire):
    """Output between runs is dropped."""
    wire.run("import threading, time\nthreading.Timer(0.3, lambda: print('late')).start()")
    time.sleep(0.6)
    assert wire.run("print('mine')")["result"]["stdout"] == "mine\n"


def test_a_traceback_follows_the_message_without_colors(wire):
    """stderr is the message, and right behind it what IPython shows."""
    result = wire.run("def f():\n  raise KeyError('sales')\nf()")["result"]
    assert result["executionResult"] is None
    assert result["stderr"].startswith("'sales'" + "-" * 75 + "\nKeyError")
    assert result["stderr"].endswith("KeyError: 'sales'\n\n")
    assert "\x1b" not in result["stderr"]
    assert "Cell In[1], line 3" in result["stderr"]


def test_a_syntax_error_shows_its_place(wire):
    """As a recorded answer of the service does."""
    stderr = wire.run("x = 1\ndef f(:")["result"]["stderr"]
    assert stderr.startswith("invalid syntax (")
    assert "  Cell In[1], line 2\n    def f(:\n" in stderr


def test_ipython_is_all_there(wire):
    """Top-level await, magics, and the kernel that code on Azure finds."""
    assert wire.value("import asyncio\nawait asyncio.sleep(0.01)\n7") == 7
    assert wire.value("%who_ls module") == "['asyncio']"
    kernel = wire.value("k = get_ipython().kernel\nk.session.send.__name__, k.do_execute.__name__")
    assert kernel == "('send', 'do_execute')"
    assert "input requests" in wire.run("input()")["result"]["stderr"]
    assert wire.value("type(get_ipython()).__name__") == "ZMQInteractiveShell"


@pytest.mark.parametrize("last", ["", "\nplt.show()", "\nprint('done')", "\nplt.savefig('/mnt/data/x.png')"])
def test_a_figure_is_the_value(wire, last):
    """Also when the last statement prints or saves."""
    value = wire.value("import matplotlib.pyplot as plt\nplt.plot([1, 2])" + last)
    assert (value["type"], value["format"]) == ("image", "png")
    assert base64.b64decode(value["base64_data"]).startswith(b"\x89PNG")


def test_background_tasks_go_on_between_runs(wire):
    """The kernel's event loop runs while nobody asks."""
    wire.run(
        "import asyncio\nn = 0\n"
        "async def tick():\n  global n\n  while True:\n    n += 1\n    await asyncio.sleep(0.01)\n"
    )
    wire.run("task = asyncio.ensure_future(tick())")
    time.sleep(0.3)
    assert wire.value("n") > 5


def test_streams_are_cut_without_a_sign(wire):
    """4,096 characters each, unless the request asks for more."""
    assert len(wire.run("print('x' * 5000)")["result"]["stdout"]) == 4096
    assert len(wire.run("print('x' * 5000)", outputStreamsMaxLength=6000)["result"]["stdout"]) == 5001
