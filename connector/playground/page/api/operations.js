// The operations of the contract that the page calls, and their limits.

/** How many bytes one request or response takes. Larger files go in chunks or ranges. */
export const LARGEST_BODY = 100_000_000;

/** How long code may run if a call does not state it. */
export const DEFAULT_TIMEOUT_SECONDS = 90;

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
  ShareFile: { method: "POST", path: "files/{fileName}/links" },
  ImportFile: { method: "POST", path: "imports" },
  ExportFile: { method: "POST", path: "exports" },
  PollTransfer: { method: "GET", path: "transfers" },
  CancelTransfer: { method: "DELETE", path: "transfers" },
  SaveWorkspace: { method: "PUT", path: "workspaces/{workspaceId}" },
  RestoreWorkspace: { method: "POST", path: "workspaces/{workspaceId}/restore" },
  PatchUpload: { method: "PATCH", path: "uploads" },
  GetUpload: { method: "GET", path: "uploads" },
  CancelUpload: { method: "DELETE", path: "uploads" },
  GetSession: { method: "GET", path: "sessions/{sessionId}" },
  EndSession: { method: "DELETE", path: "sessions/{sessionId}" },
  CheckConnection: { method: "GET", path: "connection" },
};
