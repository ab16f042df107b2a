// The operations of the contract that the page calls.

/** @type {Record<string, {method: string, path: string}>} by operationId; paths are relative to the page */
export const OPERATIONS = {
  ExecutePythonCode: { method: "POST", path: "executions" },
  GetExecution: { method: "GET", path: "executions/{executionId}" },
  CancelExecution: { method: "DELETE", path: "executions/{executionId}" },
  UploadFile: { method: "POST", path: "files" },
  PutFile: { method: "PUT", path: "files/{fileName}" },
  ListFiles: { method: "GET", path: "files" },
  DownloadFile: { method: "GET", path: "files/{fileName}/content" },
  DeleteFile: { method: "DELETE", path: "files/{fileName}" },
  PatchUpload: { method: "PATCH", path: "uploads" },
  GetUpload: { method: "GET", path: "uploads" },
  CancelUpload: { method: "DELETE", path: "uploads" },
  GetSession: { method: "GET", path: "sessions/{sessionId}" },
  EndSession: { method: "DELETE", path: "sessions/{sessionId}" },
  CheckConnection: { method: "GET", path: "connection" },
};
