// What a host does with the bridge: it starts it as a process, lists the tools, and calls them for a model.
// node conversation.mjs BRIDGE ENVIRONMENT prints what the test compares, as JSON. ENVIRONMENT is JSON, too.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { setTimeout as pause } from "node:timers/promises";

const [bridge, environment] = process.argv.slice(2);
const client = new Client({ name: "tests", version: "1" });
const transport = new StdioClientTransport({ command: process.execPath, args: [bridge], env: JSON.parse(environment) });
await client.connect(transport);

/** The answer as its status, or as the text of an error. The bridge returns JSON as text, and nothing for a 204. */
async function call(name, given) {
  const { isError = false, content } = await client.callTool({ name, arguments: given });
  const text = content.map((part) => part.text ?? "").join("\n");
  return isError ? { isError, text } : text && JSON.parse(text);
}

/** A run that outlasts the wait, called with the default of the schema: some hosts fill in what a model leaves out. */
async function outlastingTheWait(tool) {
  const waitInSeconds = tool.inputSchema.properties.waitInSeconds.default;
  const pythonCode = `import time\ntime.sleep(${waitInSeconds + 2})\n'done'`;
  const began = performance.now();
  let run = await call(tool.name, { pythonCode, waitInSeconds });
  const answered = { status: run.status, seconds: (performance.now() - began) / 1000 };
  const { executionId, sessionId } = run;
  while (run.status === "Running") {
    await pause(200);
    run = await call("get-execution", { executionId, sessionId });
  }
  return { waitInSeconds, ...answered, result: run.value };
}

/** A file and code, a mistake of the code, and mistakes of the model. */
async function oneJob() {
  const fileContent = Buffer.from("x\n1\n2\n").toString("base64");
  const { sessionId } = await call("upload-file", { files: [{ fileName: "a b.csv", fileContent }] });
  const pythonCode = "import pandas as pd\npd.read_csv('/mnt/data/a b.csv')['x'].sum().item()";
  const { value } = await call("execute-python-code", { pythonCode, sessionId });
  const failed = await call("execute-python-code", { pythonCode: "1 / 0", sessionId });
  const missing = await call("get-file", { fileName: "none.csv", sessionId });
  const deleted = await call("delete-file", { fileName: "a b.csv", sessionId });
  const { files } = await call("list-files", { sessionId });
  const ended = await call("end-session", { sessionId });
  return { value, failed: failed.error.name, missing, deleted, files, ended };
}

const { tools } = await client.listTools();
const run = tools.find(({ name }) => name === "execute-python-code");
const [long, job] = await Promise.all([outlastingTheWait(run), oneJob()]);
console.log(JSON.stringify({ tools: tools.map(({ name }) => name), long, job }));
await client.close();
