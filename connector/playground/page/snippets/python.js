// A call as a program in Python.

import { LARGEST_BODY } from "../api/operations.js";
import { credentialOf } from "./place.js";
import { json, python as literal } from "./quoting.js";
import { PART_BYTES, SESSION_IN_PATH } from "./request.js";

const LINKS = [
  'for item in run["outputs"] + run["files"]:',
  '    if "fileUrl" in item:',
  '        print(item["fileName"], item["fileUrl"])',
];

/**
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function python(request, place) {
  const { variable, header, before } = credentialOf(place);
  const { upload, download, method, isLong, usesSession } = request;
  const isChunked = upload !== null && upload.size > LARGEST_BODY;
  const inRanges = download !== null && place.downloadBytes > LARGEST_BODY;
  const imports = ["import os", ...(isLong ? ["import time"] : [])];
  if (upload || download !== null) imports.push("from pathlib import Path");
  const value = before ? `f"${before}{${variable}}"` : variable;
  const settings = [`API, ${variable} = os.environ["API"], os.environ["${variable}"]`];
  if (usesSession) settings.push(`SESSION = ${place.session === null ? 'os.environ["SESSION"]' : json(place.session)}`);
  settings.push(`HEADERS = {"${header}": ${value}}`);
  const code = request.json && typeof request.json.pythonCode === "string" ? request.json.pythonCode : null;
  const lines = [...imports, "", "import requests  # pip install requests", "", ...settings, ""];
  if (code !== null) lines.push(`code = ${literal(code)}`);
  if (upload) lines.push(`content = Path(${json(upload.name)}).read_bytes()`);
  const headers = isChunked
    ? 'HEADERS | {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(len(content))}'
    : "HEADERS";
  if (inRanges) lines.push(`file = Path(${json(download)}).open("wb")`);
  if (inRanges) lines.push(`for first in range(0, ${place.downloadBytes}, ${PART_BYTES}):`);
  if (inRanges) lines.push(`    byte_range = f"bytes={first}-{first + ${PART_BYTES} - 1}"`);
  const first = lines.length;
  const options = [`headers=${inRanges ? 'HEADERS | {"Range": byte_range}' : headers}`];
  if (request.sessionInQuery || request.query.length) options.push(`params=${parameters(request)}`);
  if (request.json) options.push(`json=${body(request)}`);
  if (upload && !isChunked) options.push("data=content");
  lines.push(
    `response = requests.${method.toLowerCase()}(`,
    `    f"{API}/${request.path.replace(SESSION_IN_PATH, "{SESSION}")}",`,
    ...options.map((option) => `    ${option},`),
    "    timeout=300,",
    ")",
  );
  if (isLong) lines.push(...polling(request));
  lines.push("if not response.ok:", "    print(response.text)  # says what is wrong", "response.raise_for_status()");
  if (isChunked) lines.push(...chunks());
  lines.push(...reading(request, inRanges));
  if (inRanges)
    return [...lines.slice(0, first), ...lines.slice(first).map((line) => `    ${line}`), "file.close()"].join("\n");
  return lines.join("\n");
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} a dict
 */
function parameters({ query, sessionInQuery }) {
  const members = query.map(
    ([name, value]) => `"${name}": ${value === true ? '"true"' : value === false ? '"false"' : json(value)}`,
  );
  if (sessionInQuery) members.unshift('"sessionId": SESSION');
  return `{${members.join(", ")}}`;
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} a dict
 */
function body({ json: members, usesSession }) {
  const entries = Object.entries(members ?? {}).map(([name, value]) =>
    name === "pythonCode" ? '"pythonCode": code' : `"${name}": ${constant(value)}`,
  );
  if (usesSession) entries.unshift('"sessionId": SESSION');
  return `{${entries.join(", ")}}`;
}

/**
 * @param {unknown} value of JSON
 * @returns {string} it in Python
 */
function constant(value) {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  if (Array.isArray(value)) return `[${value.map(constant).join(", ")}]`;
  if (typeof value !== "object") return json(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${json(name)}: ${constant(member)}`)
    .join(", ")}}`;
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string[]} what asks for the result until there is one
 */
function polling({ isRun }) {
  return [
    `while response.status_code == 202:  # ${isRun ? "the code is still running" : "it is still being copied"}`,
    '    time.sleep(int(response.headers["Retry-After"]))',
    '    response = requests.get(response.headers["Location"], headers=HEADERS, timeout=300)',
  ];
}

/** @returns {string[]} the chunks of an upload */
function chunks() {
  return [
    'location, size = response.headers["Location"], len(content)',
    'chunk_bytes = int(response.headers["x-ms-chunk-size"])',
    "for first in range(0, size, chunk_bytes):",
    "    chunk = content[first : first + chunk_bytes]",
    '    content_range = f"bytes={first}-{first + len(chunk) - 1}/{size}"',
    '    response = requests.patch(location, headers={"Content-Range": content_range}, data=chunk, timeout=300)',
    "    response.raise_for_status()",
  ];
}

/**
 * @param {import("./request.js").Request} request
 * @param {boolean} inRanges
 * @returns {string[]} what reads the response
 */
function reading({ operationId, isRun, download, upload, given }, inRanges) {
  if (inRanges) return ["file.write(response.content)"];
  if (isRun)
    return [
      "run = response.json()",
      'print(run["status"], run["stdout"], run["result"], sep="\\n")',
      'if "error" in run:',
      '    print(run["error"]["name"], run["error"]["message"])',
      ...(given.includeContent === "links" ? LINKS : []),
    ];
  if (download !== null) return [`Path(${json(download)}).write_bytes(response.content)`];
  if (operationId === "ListFiles")
    return ['for file in response.json()["files"]:', '    print(file["folder"], file["fileName"], file["size"])'];
  if (upload) return ['print(response.json()["sessionId"], response.json()["files"])'];
  return operationId.startsWith("Delete") || operationId === "EndSession" ? [] : ["print(response.json())"];
}
