"""What a new instance loads before it responds. The rest is loaded by the request that needs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LATER = {"azure.identity", "jsonschema", "cryptography", "jwt", "connector.executions.hints.families"}
PROGRAM = """
import sys
import azure.functions as func
import function_app
request = func.HttpRequest(method="GET", url="http://localhost/api/health", body=b"")
assert function_app.connector.respond("GetHealth", request).status_code == 200
print(*sys.modules)
"""


def test_a_new_instance_loads_only_what_it_needs() -> None:
    """Not the libraries for tokens, validation and sign-in, and not what explains failures."""
    environment = {
        "POOL_MANAGEMENT_ENDPOINT": "https://example.dynamicsessions.io/sessionPools/p",
        "SIGNING_KEY": "k" * 43,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert LATER & set(done.stdout.split()) == set()
