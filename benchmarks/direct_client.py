"""Runs code in sessions with a published client of the pool, in the environment of that client.

`python direct_client.py langchain|autogen ENDPOINT TOKEN` reads a line with a session's identifier, runs `1+1` in that
session, and prints `{"seconds", "cpuSeconds"}`.
"""

import asyncio
import json
import sys
import tempfile
import time
import warnings


def langchain(endpoint, token):
    warnings.simplefilter("ignore")
    from langchain_azure_dynamic_sessions import SessionsPythonREPLTool

    tools = {}

    def run(session):
        if session not in tools:
            tools[session] = SessionsPythonREPLTool(
                pool_management_endpoint=endpoint, access_token_provider=lambda: token, session_id=session
            )
        assert tools[session].execute("1+1")["result"] == 2

    return run


def autogen(endpoint, token):
    from autogen_core import CancellationToken
    from autogen_core.code_executor import CodeBlock
    from autogen_ext.code_executors.azure import ACADynamicSessionsCodeExecutor
    from azure.core.credentials import AccessToken

    class Credential:
        def get_token(self, *_, **__):
            return AccessToken(token, int(time.time()) + 3600)

    loop, executors = asyncio.new_event_loop(), {}

    def run(session):
        if session not in executors:
            executors[session] = ACADynamicSessionsCodeExecutor(
                endpoint, credential=Credential(), session_id=session, work_dir=tempfile.gettempdir()
            )
        blocks = [CodeBlock(code="1+1", language="python")]
        result = loop.run_until_complete(executors[session].execute_code_blocks(blocks, CancellationToken()))
        assert (result.exit_code, result.output) == (0, "2"), result

    return run


def main():
    run = {"langchain": langchain, "autogen": autogen}[sys.argv[1]](*sys.argv[2:4])
    print("{}", flush=True)
    for line in sys.stdin:
        started, used = time.perf_counter(), time.process_time()
        run(line.strip())
        print(
            json.dumps({"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - used}), flush=True
        )


if __name__ == "__main__":
    main()
