"""What a new instance loads before it responds. The rest is loaded by the request that needs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LATER = {"azure.identity", "jsonschema", "cryptography", "jwt", "connector.executions.hints.families"}
PROGRAM = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
import azure.functions as func
import function_app
request = func.HttpRequest(method="GET", url="http://localhost/api/health", body=b"")
assert function_app.connector.respond("GetHealth", request).status_code == 200
print(*sys.modules)
print(*(path for path in opened if "/playground/page/" in str(path)))
"""


def test_a_new_instance_loads_only_what_it_needs() -> None:
    """No libraries for tokens, validation and sign-in, nothing that explains failures, no file of the Playground."""
    environment = {
        "POOL_MANAGEMENT_ENDPOINT": "https://example.dynamicsessions.io/sessionPools/p",
        "SIGNING_KEY": "k" * 43,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    modules, opened = done.stdout.splitlines()
    assert LATER & set(modules.split()) == set()
    assert opened == ""
