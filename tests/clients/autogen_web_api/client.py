"""A caller of the web API."""

import time

import httpx

UNTIL_GO = """```python
import pathlib, time
open("started", "w").close()
deadline = time.monotonic() + 60
stopped = False
try:
    while not pathlib.Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
except KeyboardInterrupt:
    stopped = True
    raise
```"""
"""A message for the scripted model: code that runs until it is interrupted, or the file `go` exists."""


class Client:
    """A caller in one conversation of the app. It begins with the first message or upload."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self.id = None

    def ask(self, message):
        """The answer's JSON. The conversation goes on."""
        answer = self.response_to(message, status=200)
        self.id = answer["conversation_id"]
        return answer

    def run(self, code):
        """What the scripted model has read of the run."""
        return self.ask(f"```python\n{code}\n```")["runs"][-1]["output"]

    def response_to(self, message, status):
        """The JSON of a response with this status."""
        query = {"message": message, **({"conversation_id": self.id} if self.id else {})}
        response = self.http.get("/chat", params=query)
        assert response.status_code == status, response.text
        return response.json()

    def begin(self):
        """Create the conversation."""
        self.id = self.http.post("/conversations").json()["conversation_id"]
        return self

    def upload(self, name, content):
        return self.http.post(f"/conversations/{self.id}/files", files={"file": (name, content)})

    def files(self):
        response = self.http.get(f"/conversations/{self.id}/files")
        assert response.status_code == 200, response.text
        return [file["name"] for file in response.json()["files"]]

    def until_started(self):
        """Wait until the code of _UNTIL_GO runs."""
        while "started" not in self.files():
            time.sleep(0.05)
