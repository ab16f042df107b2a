// A tour with openapi-fetch and the types that openapi-typescript generates in ./schema. Prints what the test compares.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

async function tour(url: string, key: string): Promise<unknown> {
  const client = createClient<paths>({ baseUrl: url, headers: { "x-functions-key": key } });
  const connection = await client.GET("/connection");
  const fileContent = Buffer.from("x\n1\n2\n").toString("base64");
  const uploaded = await client.POST("/files", { body: { files: [{ fileName: "a.csv", fileContent }] } });
  const sessionId = uploaded.data!.sessionId;
  const query = { sessionId };
  const code = "import pandas as pd\npd.read_csv('/mnt/data/a.csv')['x'].sum().item()";
  const execution = await client.POST("/executions", { body: { pythonCode: code, sessionId } });
  const executionId = execution.data!.executionId;
  const again = await client.GET("/executions/{executionId}", { params: { path: { executionId }, query } });
  const path = { fileName: "b.bin" };
  await client.PUT("/files/{fileName}", { params: { path, query }, body: "0123456789", bodySerializer: (body) => body });
  const part = await client.GET("/files/{fileName}/content", {
    params: { path, query, header: { Range: "bytes=2-4" } },
    parseAs: "text",
  });
  const bytes = await client.GET("/files/{fileName}/content", { params: { path, query }, parseAs: "arrayBuffer" });
  const listed = await client.GET("/files", { params: { query } });
  const started = await client.POST("/executions", {
    params: { header: { Prefer: "respond-async" } },
    body: { pythonCode: "import time\ntime.sleep(600)", sessionId, timeoutInSeconds: 900 },
  });
  const canceled = await client.DELETE("/executions/{executionId}", {
    params: { path: { executionId: started.data!.executionId }, query },
  });
  const deleted = await client.DELETE("/files/{fileName}", { params: { path, query } });
  const missing = await client.GET("/files/{fileName}", { params: { path, query } });
  await client.DELETE("/sessions/{sessionId}", { params: { path: { sessionId } } });
  const refused = await client.GET("/connection", { headers: { "x-functions-key": "wrong" } });
  return {
    connection: connection.data!.status,
    value: again.data!.value,
    part: String(part.data),
    bytes: bytes.data!.byteLength,
    files: listed.data!.files.map((file) => file.fileName),
    started: [started.response.status, started.data!.status],
    canceled: canceled.data!.status,
    deleted: deleted.response.status,
    missing: typeof missing.error === "object" ? missing.error.error.code : null,
    refused: refused.response.status,
  };
}

tour(process.argv[2]!, process.argv[3]!).then((result) => console.log(JSON.stringify(result)));
