"""A Functions host for one worker, the genuine Python worker of Azure Functions. It calls the functions of an app.

`python worker_host.py WORKER APP` runs in the environment of `worker.py`: WORKER has the package azure_functions_worker
with its protocol, APP the file function_app.py. It prints a line of JSON with the worker's process ID, its CPU time and
the names of the functions. Then, for each line `{"operation", "method", "url", "headers", "body", "query", "route"}`
on stdin, it makes a call over gRPC as the host does for an HTTP request, and prints `{"seconds", "status", "body"}`.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor

sys.path.insert(0, sys.argv[1])

import grpc
from azure_functions_worker import protos


class Host(protos.FunctionRpcServicer):
    """Sends requests to the worker, and passes each response to the caller that waits for it."""

    def __init__(self):
        self.started = Future()
        self.waiting = {}
        self.requests = queue.SimpleQueue()

    def EventStream(self, messages, context):
        threading.Thread(target=self.receive, args=(messages,), daemon=True).start()
        while True:
            yield self.requests.get()

    def receive(self, messages):
        for message in messages:
            kind = message.WhichOneof("content")
            if kind == "start_stream":
                self.started.set_result(None)
            elif kind == "invocation_response":
                self.waiting.pop(message.invocation_response.invocation_id).set_result(message.invocation_response)
            elif kind != "rpc_log":
                self.waiting.pop(kind).set_result(getattr(message, kind))

    def ask(self, expected, **members):
        self.waiting[expected] = future = Future()
        self.requests.put(protos.StreamingMessage(request_id="1", **members))
        response = future.result(60)
        if response.result.status != protos.StatusResult.Success:
            sys.exit(str(response.result.exception))
        return response


def invocation(function_id, call):
    http = protos.RpcHttp(
        method=call["method"],
        url=call["url"],
        headers=call.get("headers", {}),
        query=call.get("query", {}),
        params=call.get("route", {}),
        body=protos.TypedData(bytes=call.get("body", "").encode()),
    )
    return protos.InvocationRequest(
        invocation_id=str(uuid.uuid4()),
        function_id=function_id,
        input_data=[protos.ParameterBinding(name="req", data=protos.TypedData(http=http))],
    )


def main():
    worker_folder, app_folder = sys.argv[1:3]
    host = Host()
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", -1)])
    protos.add_FunctionRpcServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--workerId", "w", "--requestId", "1"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "azure_functions_worker", *arguments, "--log-level", "ERROR"],
        env={**os.environ, "PYTHONPATH": worker_folder, "AzureWebJobsScriptRoot": app_folder},
        stdout=subprocess.DEVNULL,
        cwd=app_folder,
    )
    try:
        host.started.result(60)
        before = cpu_seconds(worker.pid)
        init = protos.WorkerInitRequest(host_version="4.0", function_app_directory=app_folder)
        host.ask("worker_init_response", worker_init_request=init)
        metadata = protos.FunctionsMetadataRequest(function_app_directory=app_folder)
        found = host.ask("function_metadata_response", functions_metadata_request=metadata)
        functions = {each.name: each.function_id for each in found.function_metadata_results}
        loading = cpu_seconds(worker.pid) - before
        answer({"pid": worker.pid, "loadingCpuSeconds": loading, "functions": sorted(functions)})
        for line in sys.stdin:
            call = json.loads(line)
            request = invocation(functions[call["operation"]], call)
            future = host.waiting[request.invocation_id] = Future()
            started = time.perf_counter()
            host.requests.put(protos.StreamingMessage(request_id="1", invocation_request=request))
            response = future.result(300)
            seconds = time.perf_counter() - started
            if response.result.status != protos.StatusResult.Success:
                sys.exit(str(response.result.exception))
            http = response.return_value.http
            answer({"seconds": seconds, "status": int(http.status_code), "body": http.body.bytes.decode()})
    finally:
        worker.kill()
        worker.wait()
        os._exit(0)  # the threads of gRPC do not end


def cpu_seconds(pid):
    """Of all its threads, so far. Linux only."""
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def answer(members):
    print(json.dumps(members), flush=True)


if __name__ == "__main__":
    main()
