"""What a session sees and reaches at each level, without attacking."""

import socket
import threading

import pytest

TRY = (
    "import socket\n"
    "try: answer = socket.create_connection(('127.0.0.1', {port}), timeout=3).recv(9).decode()\n"
    "except OSError as refusal: answer = type(refusal).__name__\n"
    "answer"
)


@pytest.fixture
def listener():
    """A service on this machine's loopback that greets every client."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_the_network_is_closed(wire, listener):
    """This machine's services do not exist there, nor any other interface."""
    assert wire.value(TRY.format(port=listener)) == "ConnectionRefusedError"
    assert wire.value("[line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]") == "['lo']"


def test_a_session_can_talk_to_itself(wire):
    """On its own loopback interface, which other sessions cannot reach."""
    code = (
        "import socket, threading\n"
        "server = socket.create_server(('127.0.0.1', 4711))\n"
        "threading.Thread(target=lambda: server.accept()[0].sendall(b'own'), daemon=True).start()"
    )
    wire.run(code)
    assert wire.value(TRY.format(port=4711)) == "own"


def test_two_sessions_may_use_the_same_port(wire, wire_to, session_id):
    """Each has all of them."""
    code = "import socket; server = socket.create_server(('127.0.0.1', 4712)); server.getsockname()[1]"
    assert wire.value(code) == 4712
    assert wire_to(session_id + "-other").value(code) == 4712


def test_the_network_can_be_opened(start_program, listener):
    """`--egress` gives sessions this machine's network."""
    pool = start_program("--egress")
    assert "this machine's network" in pool.reported["isolation"]
    assert pool.wire("open").value(TRY.format(port=listener)) == "hello"


def test_level_2_has_no_network_either(start_program, listener):
    """Unless it is opened."""
    closed = start_program(below="no namespaces")
    assert closed.reported["isolation"].startswith("level 2: ")
    assert closed.wire("closed").value(TRY.format(port=listener)) == "OSError"
    assert start_program("--egress", below="no namespaces").wire("open").value(TRY.format(port=listener)) == "hello"


def test_the_names_are_the_sessions(wire):
    """Its host, its user, its folders; nothing identifies the machine."""
    assert wire.value("import os, pwd, socket; socket.gethostname(), pwd.getpwuid(os.getuid()).pw_name") == (
        "('session', 'session')"
    )
    assert wire.value("os.path.expanduser('~')") == "/home/session"
    assert wire.value("sorted(os.listdir('/home')), os.listdir('/mnt')") == "(['session'], ['data'])"


HONEST = (
    "import concurrent.futures, os, subprocess, tempfile\n"
    "def square(x): return x * x\n"
    "with concurrent.futures.ThreadPoolExecutor(4) as threads: first = list(threads.map(square, range(4)))\n"
    "second = subprocess.run(['sh', '-c', 'echo $((6 * 7)) | cat'], capture_output=True, text=True).stdout\n"
    "with tempfile.NamedTemporaryFile() as file:\n"
    "    file.write(b'x'); file.flush(); third = os.stat(file.name).st_size\n"
    "first, second, third"
)


PROGRAMS = (
    "import os, subprocess, sys, tempfile\n"
    "code = 'import matplotlib.pyplot, pandas, sys; print(sys.prefix == sys.argv[1])'\n"
    "runs = [subprocess.run([name, '-c', code, sys.prefix], capture_output=True, text=True) for name in\n"
    "        ('python', 'python3')]\n"
    "listed = subprocess.check_output('pip list', shell=True, text=True)\n"
    "kept = tempfile.NamedTemporaryFile()\n"
    "[(run.stdout, run.stderr) for run in runs], 'pandas ' in listed, os.listdir(os.path.expanduser('~'))"
)


@pytest.mark.parametrize("below", ["", "ordinary user", "no namespaces"])
def test_programs_have_the_python_and_the_packages_of_the_session(start_program, below):
    """`python`, `python3` and `pip`; neither they nor temporary files leave anything in the home folder."""
    found = start_program(below=below).wire("programs").value(PROGRAMS)
    assert found == "([('True\\n', ''), ('True\\n', '')], True, [])"


def test_the_home_belongs_to_the_session(wire, wire_to, session_id):
    """Its files stay from one execution to the next, and other sessions do not see them."""
    wire.run("import os\nfor name in ('~/a', 'b'): open(os.path.expanduser(name), 'w').close()")
    code = "import os; sorted(os.listdir(os.environ['HOME']))"
    assert wire.value(code) == "['a', 'b']"
    assert wire_to(f"{session_id}-other").value(code) == "[]"


def test_time_and_text_are_those_of_the_service(wire):
    """UTC and UTF-8, in Python and in programs."""
    code = (
        "import locale, subprocess, time\n"
        "time.tzname[0], locale.getpreferredencoding(), subprocess.getoutput('date +%Z'),"
        " subprocess.getoutput('python -c \"print(chr(8364))\"')"
    )
    assert wire.value(code) == "('UTC', 'UTF-8', 'UTC', '€')"


def test_without_a_network_calls_fail_at_once(wire):
    """Names are not resolved and nothing can be connected to, before a resolver gives up; so no client waits."""
    code = (
        "import socket, time\n"
        "started, failures = time.monotonic(), []\n"
        "for host in ('pypi.org', '192.0.2.1', '2001:db8::1'):\n"
        "    try: socket.create_connection((host, 443))\n"
        "    except OSError as failure: failures.append(type(failure).__name__)\n"
        "failures, time.monotonic() - started < 4"
    )
    assert wire.value(code) == "(['gaierror', 'OSError', 'OSError'], True)"


@pytest.mark.parametrize("below", ["", "no namespaces"])
def test_ordinary_code_works(start_program, below):
    """Threads, programs and temporary files."""
    assert start_program(below=below).wire("honest").value(HONEST) == "([0, 1, 4, 9], '42\\n', 1)"


def test_pools_of_processes_and_terminals(wire):
    """Locks in shared memory, and pseudo-terminals, which level 2 does not have."""
    code = (
        "import multiprocessing, os, pty\n"
        "def square(x): return x * x\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: first = pool.map(square, range(4))\n"
        "main, other = pty.openpty(); os.write(other, b'tty')\n"
        "first, os.read(main, 3)"
    )
    assert wire.value(code) == "([0, 1, 4, 9], b'tty')"
