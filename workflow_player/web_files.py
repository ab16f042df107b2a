"""Files on a web server of this machine, for flows that get a file by its address."""

import contextlib
import mimetypes
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@contextlib.contextmanager
def served(files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the URL of a server that has the files at their paths."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.get(unquote(self.path))
            self.send_response(200 if found else 404)
            content = found.read_bytes() if found else b""
            self.send_header("Content-Type", mimetypes.guess_type(self.path)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
