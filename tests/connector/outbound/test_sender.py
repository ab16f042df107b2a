"""One request to the pool: what is sent, and what of the environment counts."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from connector.session_pool.client import SessionPoolClient
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions


class Token:
    def token(self, deadline: object = None) -> str:
        return "given"

    def renew(self, rejected: str) -> bool:
        return False


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that responds itself, and the addresses that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b'{"identifier": "x"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", "kept=1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def get_session(url: str) -> None:
    CallerSessions(Pools(SessionPoolClient(f"{url}/sessionPools/p", Token()))).session("abcd").get_session()


def test_calls_go_through_the_proxy_of_the_environment(
    proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY and HTTP_PROXY, unless NO_PROXY has the pool's host."""
    url, asked = proxy
    monkeypatch.setenv("HTTP_PROXY", url)
    monkeypatch.setenv("NO_PROXY", "other.example")
    get_session("http://pool.example")
    assert asked[0].startswith("http://pool.example/sessionPools/p/session?api-version=")
    asked.clear()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    get_session(url)
    assert asked[0].startswith("/sessionPools/p/session?")


def test_certificates_of_the_environment_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """REQUESTS_CA_BUNDLE, as for other programs with the same library."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(OSError, match=r"/no/such/bundle\.pem"):
        get_session("https://127.0.0.1:9")


def test_a_netrc_file_does_not_replace_the_token(
    faulty_pool, session_of, reply, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connector authenticates with its own token, whatever the machine has for a host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    pool = faulty_pool(reply(body=b'{"identifier": "x"}'))
    session_of(pool).get_session()
    assert pool.headers[0]["Authorization"] == "Bearer given"


def test_cookies_are_not_kept(faulty_pool, session_of, reply) -> None:
    """Callers share the connections, but nothing of each other."""
    pool = faulty_pool(reply(body=b'{"identifier": "x"}', headers={"Set-Cookie": "a=1"}))
    session = session_of(pool)
    session.get_session()
    session.get_session()
    assert "Cookie" not in pool.headers[1]
