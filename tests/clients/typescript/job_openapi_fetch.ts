// A whole job with openapi-fetch, of operations that all of the documents have. Prints what the test compares.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

const CHART = `
import pandas as pd
import matplotlib.pyplot as plt
x = pd.read_csv('/mnt/data/a b.csv')['x']
x.plot()
plt.show()
x.sum().item()
`;

async function job(url: string, key: string): Promise<unknown> {
  const client = createClient<paths>({ baseUrl: url, headers: { "x-functions-key": key } });
  const executions = "/executions/{executionId}";
  const fileContent = Buffer.from("x\n1\n2\n").toString("base64");
  const uploaded = await client.POST("/files", { body: { files: [{ fileName: "a b.csv", fileContent }] } });
  const { sessionId } = uploaded.data!;
  const query = { sessionId };
  const run = await client.POST("/executions", { body: { pythonCode: CHART, sessionId } });
  const [output] = run.data!.outputs;
  const chart = await client.GET("/files/{fileName}", {
    params: { path: { fileName: output!.fileName! }, query: { ...query, folder: output!.folder } },
  });
  const listed = await client.GET("/files", { params: { query } });
  const link = await client.POST("/files/{fileName}/links", {
    params: { path: { fileName: "a b.csv" } },
    body: { sessionId },
  });
  const shared = link.data && "fileUrl" in link.data ? await fetch(link.data.fileUrl) : null;
  const started = await client.POST("/executions", {
    body: { pythonCode: "import time\ntime.sleep(1)\n'done'", sessionId, waitInSeconds: 0 },
  });
  const { executionId } = started.data!;
  let polled = await client.GET(executions, { params: { path: { executionId }, query } });
  while (polled.response.status === 202) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    polled = await client.GET(executions, { params: { path: { executionId }, query } });
  }
  const failed = await client.POST("/executions", { body: { pythonCode: "1 / 0", sessionId } });
  const error: components["schemas"]["Execution"]["error"] = failed.data!.error;
  const path = { fileName: "a b.csv" };
  const deleted = await client.DELETE("/files/{fileName}", { params: { path, query } });
  const missing = await client.GET("/files/{fileName}", { params: { path, query } });
  const ended = await client.DELETE("/sessions/{sessionId}", { params: { path: { sessionId } } });
  return {
    value: run.data!.value,
    chart: Buffer.from(chart.data!.fileContent, "base64").toString("latin1").slice(1, 4),
    files: listed.data!.files.map((file) => [file.fileName, file.size]),
    shared: await shared?.text(),
    started: [started.response.status, started.data!.status],
    polled: polled.data!.result,
    failed: [failed.response.status, failed.data!.status, error?.name],
    deleted: deleted.response.status,
    missing: [missing.response.status, typeof missing.error === "object" ? missing.error.error.code : null],
    ended: ended.response.status,
  };
}

job(process.argv[2]!, process.argv[3]!).then((result) => console.log(JSON.stringify(result)));
