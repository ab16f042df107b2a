"""What code finds in a session, and the results that it returns."""

import base64

import pytest

from tests.emulator.session_pool.conftest import BEGUN, wait_until


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
    processes = "{p for p in os.listdir('/proc') if p.isdigit()}"
    assert other.value(f"{processes} == {{'1', str(os.getpid())}}") is True


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


def test_a_value_that_cannot_be_displayed_reports_why(wire):
    """The execution succeeds; stderr has the error of displaying it."""
    body = wire.run("10 ** 5000")
    assert body["status"] == "Succeeded"
    assert "ValueError" in body["result"]["stderr"]


def test_everything_that_an_execution_writes_is_in_its_result(wire):
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


def test_later_output_of_a_thread_belongs_to_no_other_execution(wire):
    """Output between executions is dropped."""
    wire.run(f"import threading\nthreading.Timer(0.2, lambda: (print('late'), {BEGUN})).start()")
    wire.wait_for_file("begun")
    assert wire.run("print('mine')")["result"]["stdout"] == "mine\n"


def test_a_traceback_follows_the_message_without_colors(wire):
    """stderr is the message, and directly after it what IPython shows."""
    result = wire.run("def f():\n  raise KeyError('sales')\nf()")["result"]
    assert result["executionResult"] is None
    assert result["stderr"].startswith("'sales'" + "-" * 75 + "\nKeyError")
    assert result["stderr"].endswith("KeyError: 'sales'\n\n")
    assert "\x1b" not in result["stderr"]
    assert "Cell In[1], line 3" in result["stderr"]


def test_a_syntax_error_has_its_line(wire):
    """As a recorded answer of the service does."""
    stderr = wire.run("x = 1\ndef f(:")["result"]["stderr"]
    assert stderr.startswith("invalid syntax (")
    assert "  Cell In[1], line 2\n    def f(:\n" in stderr


def test_ipython_is_complete(wire):
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


def test_an_image_of_pillow_is_the_value(wire):
    """It offers a PNG and a JPEG, both as bytes, and the PNG is returned."""
    value = wire.value("from PIL import Image\nImage.new('RGB', (2, 2))")
    assert (value["type"], value["format"]) == ("image", "png")
    assert base64.b64decode(value["base64_data"], validate=True).startswith(b"\x89PNG")


def test_an_object_that_is_a_jpeg_only(wire):
    """The image object then has that format."""
    value = wire.value("class Photo:\n    def _repr_jpeg_(self): return b'\\xff\\xd8 photo'\nPhoto()")
    assert value == {"type": "image", "format": "jpeg", "base64_data": base64.b64encode(b"\xff\xd8 photo").decode()}


RECORDING = (
    "kernel = get_ipython().kernel\n"
    "sent, channel = [], kernel.session.channel\n"
    "class Recording:\n"
    "    def __getattr__(self, name): return getattr(channel, name)\n"
    "    def send(self, frame): sent.append(frame); channel.send(frame)\n"
    "kernel.session.channel = Recording()\n"
)


def test_messages_are_encoded_as_jupyter_does(wire):
    """Each object arrives as jupyter_client's own encoder for messages writes it."""
    code = (
        "import datetime, decimal, json, numpy\n"
        "from jupyter_client.session import json_packer\n"
        "from IPython.display import display\n"
        "objects = [b'\\x89PNG', {1}, (2, 3), range(3), numpy.int64(4), numpy.float32(1.5), numpy.arange(2),\n"
        "           datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc), datetime.date(2020, 1, 2),\n"
        "           {'a': [b'x']}, {5: 6}, True, None, {'n': float('nan')}, [float('-inf'), b'y']]\n"
        "def arrived(shown):\n"
        "    sent.clear(); display({'application/json': shown}, raw=True)\n"
        "    return json.loads(sent[-1][4:])['content']['data']['application/json']\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "[shown for shown in objects if arrived(shown) != json.loads(json_packer(shown))]"
    )
    assert wire.value(RECORDING + code) == "[]"


@pytest.mark.parametrize("shown", ["object()", "decimal.Decimal(1)", "[float('nan'), range(3)]"])
def test_what_jupyter_cannot_encode_raises_where_it_is_displayed(wire, shown):
    """The code can catch it, and the interpreter continues."""
    code = f"display({{'application/json': {shown}}}, raw=True)"
    caught = f"import decimal\ntry: {code}\nexcept (TypeError, ValueError): print('caught')"
    assert wire.run(caught)["result"]["stdout"] == "caught\n"
    assert wire.value("6 * 7") == 42


def test_lines_that_were_written_before_the_end_arrive(wire):
    """Of both streams, when the process ends without a warning, also directly after another run."""
    wire.run("print('first')")
    body = wire.run("import os, sys\nprint('a')\nprint('b')\nprint('c', file=sys.stderr)\nos._exit(1)")
    assert (body["status"], body["result"]["stdout"]) == ("Failed", "a\nb\n")
    assert body["result"]["stderr"].startswith("c\nKernel restarted: ")


def test_many_lines_are_sent_together(wire):
    """All arrive; after the first two hundred messages, not each by itself."""
    wire.run(RECORDING)
    code = "for n in range(5000): print(n)\nprint(len(sent) < 1000, file=__import__('sys').stderr)"
    body = wire.run(code, outputStreamsMaxLength=100_000)["result"]
    assert (body["stdout"], body["stderr"]) == ("".join(f"{n}\n" for n in range(5000)), "True\n")


def test_matplotlib_magics_work(wire):
    """`%matplotlib inline`, with which many notebooks begin, in the run of the chart or before it."""
    assert wire.run("%matplotlib inline")["result"]["stderr"] == ""
    for before in ("", "%matplotlib inline\n", "%pylab inline\n"):
        value = wire.value(f"{before}import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
        assert (value["type"], value["format"]) == ("image", "png")
        assert base64.b64decode(value["base64_data"]).startswith(b"\x89PNG")


def test_gui_magics_work(wire):
    """As in a notebook: one that exists, none, and an unknown one."""
    assert wire.run("%gui asyncio\n%gui")["result"]["stderr"] == ""
    assert "Invalid GUI request" in wire.run("%gui unknown")["result"]["stderr"]
    assert wire.value("import asyncio\nawait asyncio.sleep(0.01, 3)") == 3


def test_background_tasks_continue_between_requests(wire):
    """The kernel's event loop runs without a request."""
    wire.run(
        "import asyncio\nn = 0\n"
        "async def tick():\n  global n\n  while True:\n    n += 1\n    await asyncio.sleep(0.01)\n"
    )
    wire.run("task = asyncio.ensure_future(tick())")
    wait_until(lambda: wire.value("n") > 5)


def test_streams_are_truncated_without_notice(wire):
    """4,096 characters each, unless the request sets a higher limit."""
    assert len(wire.run("print('x' * 5000)")["result"]["stdout"]) == 4096
    assert len(wire.run("print('x' * 5000)", outputStreamsMaxLength=6000)["result"]["stdout"]) == 5001


def test_output_of_threads_and_tasks_during_a_later_execution_is_not_its_own(wire):
    """The kernel tracks which run started them; output of the execution's own threads is included."""
    wire.run(
        "import asyncio, threading, time\n"
        "def count(name):\n  for n in range(12): time.sleep(0.05); print(name, n, flush=True)\n"
        "async def tick():\n  while True: await asyncio.sleep(0.05); print('task', flush=True)\n"
        "threading.Thread(target=count, args=('old',)).start(); task = asyncio.ensure_future(tick())\n"
    )
    body = wire.run(
        "new = threading.Thread(target=count, args=('new',)); new.start()\nawait asyncio.sleep(0.3)\nnew.join()\n"
    )
    assert [line.split()[0] for line in body["result"]["stdout"].splitlines()] == ["new"] * 12
    wire.run("task.cancel()")


def test_a_forked_process_does_not_answer(wire, program):
    """Code that forks returns twice; only the first process handles requests and replies."""
    body = wire.run(program("forks"))
    assert body["status"] == "Succeeded"
    assert (body["result"]["stdout"], body["result"]["stderr"]) == ("", "")
    for number in range(10):
        body = wire.run(f"print(forked > 0); {number}")
        assert body["result"]["stdout"] == "True\n"
        assert body["result"]["executionResult"] == number
        assert body["result"]["stderr"] == ""


def test_characters_split_between_reads(wire):
    """Bytes are decoded to characters within an execution, and an incomplete character does not affect the next one."""
    body = wire.run(
        "import os, time\nfor byte in '€é'.encode(): os.write(1, bytes([byte])); time.sleep(0.05)\n"
        "os.system('printf ok'); os.write(1, b'\\xe2')"
    )
    assert body["result"]["stdout"] == "€éok"
    assert wire.run("os.write(1, b'\\x82\\xac!')")["result"]["stdout"] == "\ufffd\ufffd!"
    long = wire.run("os.system(r'''printf '€%.0s' $(seq 100000)''')", outputStreamsMaxLength=200_000)["result"][
        "stdout"
    ]
    assert long == "€" * 100_000


def test_text_that_is_not_unicode(wire):
    """A lone surrogate, which Python allows, becomes a question mark; invalid UTF-8 becomes replacement characters."""
    body = wire.run("import os\nprint('a\\ud800b'); os.write(2, b'a\\xffb'); '\\ud800'")
    assert body["result"]["stdout"] == "a?b\n"
    assert body["result"]["stderr"] == "a\ufffdb"
    assert body["result"]["executionResult"] == "?"


def test_colors_are_removed_from_errors_only(wire):
    """A failure's text has no ANSI codes, even when the message has; printed text is unchanged."""
    result = wire.run("print('\\x1b[31mred\\x1b[0m')\nraise ValueError('\\x1b[31mred\\x1b[0m')")["result"]
    assert result["stdout"] == "\x1b[31mred\x1b[0m\n"
    assert result["stderr"].startswith("red-----")
    assert "\x1b" not in result["stderr"]


def test_sys_exit_is_a_failure_that_keeps_the_interpreter(wire):
    """As in a notebook, where it raises SystemExit."""
    wire.run("x = 1")
    body = wire.run("import sys; sys.exit(3)")
    assert body["status"] == "Failed"
    assert "SystemExit: 3" in body["result"]["stderr"]
    assert wire.value("x") == 1


def test_the_kernel_can_be_wrapped(wire):
    """Every execution goes through do_execute, and every message through session.send, so code may wrap them."""
    wire.run(
        "kernel = get_ipython().kernel\n"
        "execute, send, seen = kernel.do_execute, kernel.session.send, []\n"
        "async def do_execute(code, *arguments, **named):\n"
        "  return await execute(code.replace('ASK', '6 * 7'), *arguments, **named)\n"
        "def noted(stream, message, *arguments, **named):\n"
        "  seen.append(message if isinstance(message, str) else message['header']['msg_type'])\n"
        "  return send(stream, message, *arguments, **named)\n"
        "kernel.do_execute, kernel.session.send = do_execute, noted\n"
    )
    body = wire.run("print('x'); ASK")
    assert (body["result"]["stdout"], body["result"]["executionResult"]) == ("x\n", 42)
    assert wire.value("[kind in seen for kind in ('stream', 'execute_result', 'execute_reply')]") == str([True] * 3)
    send = "kernel.session.send(kernel.iopub_socket, 'stream', {'name': 'stdout', 'text': 'said'}, kernel.get_parent())"
    assert wire.run(send + ";")["result"]["stdout"] == "said"


def test_cell_magics(wire):
    """The cell's own programs and timers."""
    assert wire.run("%%bash\necho from bash")["result"]["stdout"] == "from bash\n"
    assert "CPU times" in wire.run("%%time\n1")["result"]["stdout"]
    assert wire.run("%no_such_magic")["result"]["stderr"].startswith("UsageError: Line magic function `%no_such_magic`")


def test_a_new_session_is_new(wire):
    """The warm-up before the fork, which makes first executions fast, is not visible to code."""
    names = wire.value("sorted(name for name in globals() if not name.startswith('_'))")
    assert eval(names) == ["In", "Out", "exit", "get_ipython", "open", "quit"]
    assert eval(wire.value("Out")) == {1: eval(names)}
    assert wire.value("import sys; hasattr(sys, 'last_value')") is False
    assert wire.value("import matplotlib.pyplot; matplotlib.pyplot.get_fignums()") == "[]"
    assert "Cell In[5], line 1" in wire.run("1/0")["result"]["stderr"]


def test_libraries_can_be_imported(wire):
    """What clients and their documentation rely on; the list of packages prints no warning."""
    code = "import numpy, pandas, matplotlib, scipy, sklearn, openpyxl, PIL, requests; 1"
    assert wire.value(code) == 1
    body = wire.run("import pkg_resources\n[d.project_name for d in pkg_resources.working_set]")
    assert body["result"]["stderr"] == ""
    assert {"pandas", "numpy", "requests"} <= set(eval(body["result"]["executionResult"]))
