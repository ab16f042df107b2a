"""Does what packaged_app.py does, with the Functions worker for Python 3.13: the package azure-functions-runtime.

usage: packaged_app_313.py FOLDER, where FOLDER also has the app's packages. azure-functions-runtime is most of the
worker: it loads the app and calls its functions. The rest of the worker receives the host's messages over gRPC, and
passes on the classes of these messages. Message stands in for them here.
"""

import asyncio
import json
import os
import resource
import sys
from types import SimpleNamespace


class Message(SimpleNamespace):
    """A message of any type, with the members that it was created with."""

    Success, Failure = "Success", "Failure"
    undefined, out, inout = 0, 1, 2

    def WhichOneof(self, _):
        """The member that a message with one of several has."""
        return next((name for name in vars(self) if name != "name"), None)


class Protocol:
    """Stands in for the module that has a class for each type of message."""

    def __getattr__(self, name):
        return Message


def main():
    folder = sys.argv[1]
    os.chdir(folder)
    sys.path[:1] = [folder, os.path.join(folder, ".python_packages", "lib", "site-packages")]
    import azure_functions_runtime as worker

    async def receive(handle, **members):
        request = Message(request=Message(**members), properties={"host": "127.0.0.1", "protos": Protocol()})
        response = await handle(request)
        if response.result.status != Message.Success:
            sys.exit(f"{response.result.exception.message}\n{response.result.exception.stack_trace}")
        return response

    async def serve():
        init = Message(capabilities={}, function_app_directory=folder)
        await receive(worker.worker_init_request, worker_init_request=init)
        metadata = await receive(worker.functions_metadata_request)
        functions = {function.name: function.function_id for function in metadata.function_metadata_results}
        used = resource.getrusage(resource.RUSAGE_SELF)
        write({"functions": sorted(functions), "cpuSeconds": used.ru_utime + used.ru_stime})
        worker.start_threadpool_executor()
        for line in sys.stdin:
            call = json.loads(line)
            response = await receive(worker.invocation_request, invocation_request=invocation(functions, call))
            http = response.return_value.http
            write({"status": int(http.status_code), "body": http.body.bytes.decode("utf-8", "replace")})

    asyncio.run(serve())


def invocation(functions, call):
    """A call as the host sends it: what is in the URL arrives as metadata of the trigger too."""
    http = Message(
        method=call["method"],
        url=call["url"],
        headers=call["headers"],
        body=Message(bytes=call["body"].encode()),
        params=call["route_params"],
        query=call["params"],
    )
    return Message(
        invocation_id="invocation-1",
        function_id=functions[call["operation"]],
        input_data=[Message(name="req", data=Message(http=http))],
        trigger_metadata={},
        trace_context=Message(trace_parent="", trace_state="", attributes={}),
        retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
    )


def write(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
