// A tour with the client that @hey-api/openapi-ts generates in ./client. Prints what the test compares, as JSON.
import {
  cancelExecution,
  checkConnection,
  deleteFile,
  downloadFile,
  endSession,
  executePythonCode,
  getExecution,
  getFile,
  listFiles,
  putFile,
  uploadFile,
} from "./client";
import { client } from "./client/client.gen";

async function tour(url: string, key: string): Promise<unknown> {
  client.setConfig({ baseUrl: url, auth: key });
  const connection = await checkConnection();
  const fileContent = Buffer.from("x\n1\n2\n").toString("base64");
  const uploaded = await uploadFile({ body: { files: [{ fileName: "a.csv", fileContent }] } });
  const sessionId = uploaded.data!.sessionId;
  const code = "import pandas as pd\npd.read_csv('/mnt/data/a.csv')['x'].sum().item()";
  const execution = await executePythonCode({ body: { pythonCode: code, sessionId } });
  const again = await getExecution({ path: { executionId: execution.data!.executionId }, query: { sessionId } });
  await putFile({ path: { fileName: "b.bin" }, query: { sessionId }, body: new Blob(["0123456789"]) });
  const part = await downloadFile({
    path: { fileName: "b.bin" },
    query: { sessionId },
    headers: { Range: "bytes=2-4" },
    parseAs: "text",
  });
  const bytes = await downloadFile({ path: { fileName: "b.bin" }, query: { sessionId }, parseAs: "arrayBuffer" });
  const listed = await listFiles({ query: { sessionId } });
  const started = await executePythonCode({
    body: { pythonCode: "import time\ntime.sleep(600)", sessionId, timeoutInSeconds: 900 },
    headers: { Prefer: "respond-async" },
  });
  const canceled = await cancelExecution({ path: { executionId: started.data!.executionId }, query: { sessionId } });
  const deleted = await deleteFile({ path: { fileName: "b.bin" }, query: { sessionId } });
  const missing = await getFile({ path: { fileName: "b.bin" }, query: { sessionId } });
  await endSession({ path: { sessionId } });
  const refused = await checkConnection({ auth: "wrong" });
  return {
    connection: connection.data!.status,
    value: again.data!.value,
    part: String(part.data),
    bytes: (bytes.data as unknown as ArrayBuffer).byteLength,
    files: listed.data!.files.map((file) => file.fileName),
    started: [started.response!.status, started.data!.status],
    canceled: canceled.data!.status,
    deleted: deleted.response!.status,
    missing: typeof missing.error === "object" ? missing.error.error.code : null,
    refused: refused.response!.status,
  };
}

tour(process.argv[2]!, process.argv[3]!).then((result) => console.log(JSON.stringify(result)));
