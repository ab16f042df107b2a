// A call as a step of a workflow: an HTTP action of Logic Apps, and a step of the custom connector in Power Automate.

import { LARGEST_BODY } from "../api/operations.js";
import { credentialOf } from "./place.js";
import { json, workflowLiteral } from "./quoting.js";
import { SESSION_IN_PATH } from "./request.js";

/** The earlier step that has the file, in both. */
const FILE_STEP = "Get_file_content";

/** What follows `shared_` is made when a connector is imported. */
export const UNSET_CONNECTOR = "shared_YOUR-CONNECTOR";

/** @type {Record<string, string>} */
const STEP_NAMES = {
  ExecutePythonCode: "Execute_Python_code",
  GetExecution: "Get_execution",
  CancelExecution: "Cancel_execution",
  PutFile: "Upload_file",
  UploadFile: "Upload_file",
  ListFiles: "List_files",
  DownloadFile: "Download_file",
  DeleteFile: "Delete_file",
  ShareFile: "Create_link",
  ImportFile: "Import_file",
  ExportFile: "Export_file",
  SaveWorkspace: "Save_workspace",
  RestoreWorkspace: "Restore_workspace",
  GetSession: "Get_session",
  EndSession: "End_session",
  CheckConnection: "Check_connection",
};

/**
 * The HTTP action. Its engine follows a 202, and sends chunks if that is turned on.
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function logicApps(request, place) {
  const { header, before, parameter } = credentialOf(place);
  const credential = before ? `${before}@{parameters('${parameter}')}` : `@parameters('${parameter}')`;
  const session = place.session ?? "@parameters('sessionId')";
  const inPath = place.session ?? "@{parameters('sessionId')}";
  const uri = `${workflowLiteral(place.api)}/${request.path.replace(SESSION_IN_PATH, () => inPath)}`;
  /** @type {Record<string, unknown>} */
  const inputs = { method: request.method, uri, headers: { [header]: credential } };
  const audience = place.auth === "entra" ? place.scope.replace(/\/\.default$/, "") : "";
  if (audience) {
    inputs.authentication = { type: "ManagedServiceIdentity", audience };
    delete inputs.headers;
  }
  const queries = { ...(request.sessionInQuery && { sessionId: session }), ...ofTexts(request.query) };
  if (Object.keys(queries).length) inputs.queries = queries;
  if (request.json) {
    inputs.headers = { "Content-Type": "application/json", .../** @type {object} */ (inputs.headers) };
    inputs.body = {
      ...(request.usesSession && { sessionId: session }),
      .../** @type {object} */ (workflowLiteral(request.json)),
    };
  }
  if (request.upload) inputs.body = `@body('${FILE_STEP}')`;
  const isLarge = request.upload !== null && request.upload.size > LARGEST_BODY;
  const runtimeConfiguration = {
    ...((isLarge || request.download !== null) && { contentTransfer: { transferMode: "Chunked" } }),
    secureData: { properties: ["inputs"] },
  };
  return json(
    {
      [STEP_NAMES[request.operationId]]: { type: "Http", inputs, runtimeConfiguration, ...after(request, "SUCCEEDED") },
    },
    2,
  );
}

/**
 * The step of the custom connector that is made from swagger.json.
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function powerAutomate(request, place) {
  const session = place.session ?? "@parameters('sessionId')";
  const { operationId, members, before } = operationOfMakers(request);
  const parameters = Object.fromEntries(
    Object.entries({ ...(request.usesSession && { sessionId: session }), ...members }).map(([name, value]) => [
      name in request.parameters && !request.upload ? name : `${before}${name}`,
      value,
    ]),
  );
  const host = {
    apiId: `/providers/Microsoft.PowerApps/apis/${UNSET_CONNECTOR}`,
    connectionName: UNSET_CONNECTOR,
    operationId,
  };
  const inputs = { host, parameters, authentication: "@parameters('$authentication')" };
  return json(
    { [STEP_NAMES[request.operationId]]: { type: "OpenApiConnection", inputs, ...after(request, "Succeeded") } },
    2,
  );
}

/**
 * @param {import("./request.js").Request} request
 * @returns {{operationId: string, members: object, before: string}} the operation that the custom connector has for it;
 *   the members of a body are named after it
 */
function operationOfMakers(request) {
  const { upload } = request;
  if (!upload) {
    const members = /** @type {object} */ (workflowLiteral(request.given));
    return { operationId: request.operationId, members, before: request.json ? "body/" : "" };
  }
  const file = { fileName: workflowLiteral(upload.name), fileContent: `@{base64(body('${FILE_STEP}'))}` };
  const members = { files: [file], ...(upload.folder && { folder: workflowLiteral(upload.folder) }) };
  return { operationId: "UploadFile", members, before: "body/" };
}

/**
 * @param {import("./request.js").Request} request
 * @param {string} succeeded the status of a step that has succeeded
 */
function after({ upload }, succeeded) {
  return { runAfter: upload ? { [FILE_STEP]: [succeeded] } : {} };
}

/**
 * @param {[string, string | number | boolean][]} query
 * @returns {Record<string, unknown>}
 */
function ofTexts(query) {
  return Object.fromEntries(query.map(([name, value]) => [name, workflowLiteral(String(value))]));
}
