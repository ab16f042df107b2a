"""Programs that flood the server from inside a session. Each runs again and again while a neighbor is measured."""

from dataclasses import dataclass, field
from typing import Any

_CHANNEL = """
import struct
send = get_ipython().kernel.session.channel._connection.sendall
def frame(body):
    return struct.pack(">I", len(body)) + body
"""

_ENDLESS = "\nimport time\nend = time.monotonic() + 20\nwhile time.monotonic() < end:\n    "

_DESCRIPTORS = """
import os, stat
for fd in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode) or stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.set_blocking(fd, True)
    except OSError:
        pass
"""


@dataclass(frozen=True)
class Hostile:
    """`code` runs in each of `sessions`, with `members` of the request, `pause` seconds after it has ended."""

    code: str
    sessions: int = 1
    members: dict[str, Any] = field(default_factory=dict)
    pause: float = 0.0


PROGRAMS = {
    "print in a loop": Hostile("while True: print('y')"),
    "print in a loop, 8 sessions": Hostile("while True: print('y')", sessions=8),
    "writes to descriptor 1": Hostile("import os\nwhile True: os.write(1, b'y' * 100_000)"),
    "tiny writes to descriptor 1": Hostile("import os\nwhile True: os.write(1, b'y')"),
    "tiny frames": Hostile(_CHANNEL + "data = frame(b'{}') * 10_000" + _ENDLESS + "send(data)"),
    "tiny frames, 8 sessions": Hostile(_CHANNEL + "data = frame(b'{}') * 10_000" + _ENDLESS + "send(data)", sessions=8),
    "frames as stdout": Hostile(
        _CHANNEL
        + "import json\nparent = get_ipython().kernel.get_parent('shell')['header']['msg_id']\n"
        + "data = frame(json.dumps({'type': 'stream', 'parent': parent, 'content': {'name': 'stdout', 'text': 'y'}})"
        + ".encode()) * 1000"
        + _ENDLESS
        + "send(data)"
    ),
    "result of 60 MiB": Hostile("'x' * (60 << 20)"),
    "result of 15 MiB": Hostile("'x' * (15 << 20)"),
    "result of 15 MiB, 8 sessions": Hostile("'x' * (15 << 20)", sessions=8),
    "stdout of 15 MiB": Hostile("print('x' * (15 << 20))", members={"outputStreamsMaxLength": 16 << 20}),
    "stdout of 60 MiB": Hostile("print('x' * (60 << 20))", members={"outputStreamsMaxLength": 1 << 30}),
    "escapes of 15 MiB": Hostile("'\\x00' * (3 << 20)"),
    "exception of 15 MiB": Hostile("raise ValueError('\\x1b[' * (7 << 20))"),
    "asynchronous runs with 15 MiB": Hostile(
        "print('x' * (15 << 20))",
        members={"executionType": "Asynchronous", "outputStreamsMaxLength": 16 << 20},
        pause=0.2,
    ),
    "figures in a loop": Hostile(
        "from IPython.display import display\nwhile True: display({'image/png': 'A' * 1_000_000}, raw=True)"
    ),
    "displays of 10 MB": Hostile(
        "from IPython.display import display\nwhile True: display({'text/plain': 'y' * 10_000_000}, raw=True)"
    ),
    "wide frame": Hostile(_CHANNEL + "data = frame(b'{\"a\":[' + b'[],' * 33_000 + b'1]}')" + _ENDLESS + "send(data)"),
    "wide frame of 60 MiB": Hostile(_CHANNEL + "send(frame(b'{\"a\":[' + b'[],' * (20 << 20) + b'1]}'))"),
    "frame of 60 MiB": Hostile(_CHANNEL + "send(frame(b'{\"a\":\"' + b'x' * (60 << 20) + b'\"}'))"),
    "deep frame": Hostile(_CHANNEL + "data = frame(b'{\"a\":' + b'[' * 60_000 + b'}')" + _ENDLESS + "send(data)"),
    "malformed frames": Hostile(_CHANNEL + "send(b'\\xff' * 1_000_000)"),
    "a frame byte by byte": Hostile(
        _CHANNEL + "data = frame(b'{\"a\":\"' + b'x' * 100_000 + b'\"}')\nwhile True:\n    for at in range(len(data)):"
        " send(data[at:at+1])"
    ),
}
