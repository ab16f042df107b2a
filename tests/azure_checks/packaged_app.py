"""Does what the Functions worker does with the deployed package, in an environment that has only its requirements.

usage: packaged_app.py FOLDER. It loads the app, lists its functions and prints one line: their names and the CPU time
of the process so far in seconds. Then it reads calls from standard input, one JSON object per line, and prints a
response for each. It cannot import anything from the project except what is in FOLDER.
"""

import asyncio
import importlib.util
import inspect
import json
import os
import resource
import sys
from types import SimpleNamespace


def main() -> None:
    folder = sys.argv[1]
    os.chdir(folder)
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("function_app", os.path.join(folder, "function_app.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["function_app"] = module
    spec.loader.exec_module(module)
    functions = {function.get_function_name(): function.get_user_function() for function in module.app.get_functions()}
    used = resource.getrusage(resource.RUSAGE_SELF)
    write({"functions": sorted(functions), "cpuSeconds": used.ru_utime + used.ru_stime})
    for line in sys.stdin:
        call = json.loads(line)
        write(respond(functions[call.pop("operation")], call))


def respond(function, call):
    import azure.functions as func

    call["body"] = call["body"].encode()
    arguments = {"req": func.HttpRequest(**call)}
    if "context" in inspect.signature(function).parameters:
        arguments["context"] = SimpleNamespace(trace_context=SimpleNamespace(trace_parent="", trace_state=""))
    response = function(**arguments)
    if inspect.isawaitable(response):  # the worker runs such a function on its event loop
        response = asyncio.run(finished(response))
    return {"status": response.status_code, "body": response.get_body().decode("utf-8", "replace")}


async def finished(response):
    return await response


def write(value) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
