// The MCP SDKs for TypeScript, connected to a server: node calls TOUR URL KEY. What a tour returns is printed as JSON.
import { Client as ReleasedClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as ReleasedTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const KINDS = {
  "1.x": () => [new ReleasedClient(ME), ReleasedTransport],
  "2.x legacy": () => [new Client(ME, { versionNegotiation: { mode: "legacy" } }), StreamableHTTPClientTransport],
  "2.x auto": () => [new Client(ME, { versionNegotiation: { mode: "auto" } }), StreamableHTTPClientTransport],
  "2.x pinned": () => [new Client(ME, { versionNegotiation: { mode: { pin: "2026-07-28" } } }), StreamableHTTPClientTransport],
};
const ME = { name: "tests", version: "1" };

async function connected(kind, url, key) {
  const [client, Transport] = KINDS[kind]();
  await client.connect(new Transport(new URL(url), { requestInit: { headers: { "x-functions-key": key } } }));
  return client;
}

const textOf = (result) => result.content.filter(({ type }) => type === "text").map(({ text }) => text).join("\n");

/** What fails, as the SDK names it. */
async function failureOf(promise) {
  try {
    await promise;
    return null;
  } catch (failure) {
    return { name: failure.constructor.name, code: failure.code ?? null, status: failure.status ?? null };
  }
}

const TOURS = {
  /** Lists the tools, calls them, and meets errors of each kind. */
  async everything(kind, url, key) {
    const client = await connected(kind, url, key);
    const { tools } = await client.listTools();
    const call = (name, given) => client.callTool({ name, arguments: given });
    const first = await call("ExecutePythonCode", { pythonCode: "open('/mnt/data/a b.txt', 'w').write('kept')\n6 * 7" });
    const sessionId = textOf(first).match(/Session ID: (\S+)/)[1];
    const link = first.content.find(({ type }) => type === "resource_link");
    const chart = await call("ExecutePythonCode", {
      sessionId,
      pythonCode: "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()",
    });
    const failed = await call("ExecutePythonCode", { sessionId, pythonCode: "1 / 0" });
    const result = {
      version: client.getNegotiatedProtocolVersion?.() ?? null,
      tools: tools.map(({ name }) => name),
      types: chart.content.map(({ type }) => type),
      result: textOf(first).includes("42"),
      read: (await client.readResource({ uri: link.uri })).contents[0].text,
      failed: [failed.isError, textOf(failed).includes("ZeroDivisionError")],
      unknown: (await failureOf(call("Nothing", {}))).code,
    };
    await client.close();
    return result;
  },

  async wrongKey(kind, url) {
    return failureOf(connected(kind, url, "wrong").then((client) => client.listTools()));
  },

  /** A run that outlasts the time after which the SDK gives up, 60 s, with each of them at once. */
  async longRun(_kind, url, key) {
    const run = async (kind) => {
      const client = await connected(kind, url, key);
      const began = performance.now();
      const pythonCode = "import time\nprint('started')\ntime.sleep(55)\n'done'";
      const deferred = textOf(await client.callTool({ name: "ExecutePythonCode", arguments: { pythonCode } }));
      const seconds = (performance.now() - began) / 1000;
      const sessionId = deferred.match(/Session ID: (\S+)/)[1];
      const executionId = deferred.match(/executionId ([0-9a-f-]{36})/)[1];
      const ended = await client.callTool({ name: "GetExecution", arguments: { sessionId, executionId } });
      await client.close();
      return { seconds, ended: textOf(ended).includes("done") };
    };
    return Promise.all(["1.x", "2.x auto"].map(run));
  },
};

const [tour, kind, url, key] = process.argv.slice(2);
console.log(JSON.stringify(await TOURS[tour](kind, url, key)));
