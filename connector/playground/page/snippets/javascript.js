// A call as a module in JavaScript, for Node and browsers.

import { LARGEST_BODY } from "../api/operations.js";
import { credentialOf } from "./place.js";
import { json, javascript as literal } from "./quoting.js";
import { PART_BYTES, SESSION_IN_PATH } from "./request.js";

const LINKS = [
  "for (const { fileName, fileUrl } of [...run.outputs, ...run.files]) {",
  "  if (fileUrl) console.log(fileName, fileUrl);",
  "}",
];
const CHECK = 'if (!response.ok) throw new Error(response.status + " " + (await response.text()));';

/**
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function javascript(request, place) {
  const { variable, header, before } = credentialOf(place);
  const { upload, download, isLong, usesSession } = request;
  const isChunked = upload !== null && upload.size > LARGEST_BODY;
  const inRanges = download !== null && place.downloadBytes > LARGEST_BODY;
  const readsSession = usesSession && place.session === null;
  const lines = [];
  if (upload) lines.push('import { readFile } from "node:fs/promises";', "");
  if (download !== null) lines.push(`import { ${inRanges ? "open" : "writeFile"} } from "node:fs/promises";`, "");
  lines.push(
    `const { API, ${variable}${readsSession ? ", SESSION" : ""} } = globalThis.process?.env ?? globalThis;`,
    ...(usesSession && !readsSession ? [`const SESSION = ${json(place.session)};`] : []),
    `const headers = { ${/^\w+$/.test(header) ? header : json(header)}: ${before ? `\`${before}\${${variable}}\`` : variable} };`,
  );
  const code = request.json && typeof request.json.pythonCode === "string" ? request.json.pythonCode : null;
  if (code !== null) lines.push(`const code = ${literal(code)};`);
  if (upload) lines.push(`const content = await readFile(${json(upload.name)});`);
  const sent = [];
  if (request.json) sent.push('"Content-Type": "application/json"');
  if (isChunked) sent.push('"x-ms-transfer-mode": "chunked"', '"x-ms-content-length": String(content.length)');
  if (inRanges) sent.push("Range: range");
  const options = request.method === "GET" ? [] : [`method: "${request.method}"`];
  options.push(sent.length ? `headers: { ...headers, ${sent.join(", ")} }` : "headers");
  if (request.json) options.push(`body: JSON.stringify(${body(request)})`);
  if (upload && !isChunked) options.push("body: content");
  lines.push("");
  if (inRanges) lines.push(`const file = await open(${json(download)}, "w");`);
  if (inRanges) lines.push(`for (let first = 0; first < ${place.downloadBytes}; first += ${PART_BYTES}) {`);
  const first = lines.length;
  if (inRanges) lines.push(`const range = "bytes=" + first + "-" + (first + ${PART_BYTES} - 1);`);
  lines.push(
    `${isLong || isChunked ? "let" : "const"} response = await fetch(${address(request)}, {`,
    ...options.map((option) => `  ${option},`),
    "});",
  );
  if (isLong) lines.push(...polling(request));
  lines.push(CHECK);
  if (isChunked) lines.push(...chunks());
  lines.push(...reading(request, inRanges));
  if (inRanges)
    return [
      ...lines.slice(0, first),
      ...lines.slice(first).map((line) => `  ${line}`),
      "}",
      "await file.close();",
    ].join("\n");
  return lines.join("\n");
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} a template literal
 */
function address({ path, query, sessionInQuery }) {
  const members = query.map(([name, value]) => `${name}: ${json(value)}`);
  if (sessionInQuery) members.unshift("sessionId: SESSION");
  const end = members.length ? `?\${new URLSearchParams({ ${members.join(", ")} })}` : "";
  return `\`\${API}/${path.replace(SESSION_IN_PATH, () => `\${SESSION}`)}${end}\``;
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} an object
 */
function body({ json: members, usesSession }) {
  const entries = Object.entries(members ?? {}).map(([name, value]) =>
    name === "pythonCode" ? "pythonCode: code" : `${name}: ${json(value)}`,
  );
  if (usesSession) entries.unshift("sessionId: SESSION");
  return `{ ${entries.join(", ")} }`;
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string[]} what asks for the result until there is one
 */
function polling({ isRun }) {
  return [
    "while (response.status === 202) {",
    `  // ${isRun ? "The code is still running" : "It is still being copied"}.`,
    '  await new Promise((resolve) => setTimeout(resolve, 1000 * response.headers.get("Retry-After")));',
    '  response = await fetch(response.headers.get("Location"), { headers });',
    "}",
  ];
}

/** @returns {string[]} the chunks of an upload */
function chunks() {
  return [
    'const location = response.headers.get("Location");',
    'const chunkBytes = Number(response.headers.get("x-ms-chunk-size"));',
    "for (let first = 0; first < content.length; first += chunkBytes) {",
    "  const chunk = content.subarray(first, first + chunkBytes);",
    '  const range = ["bytes=", first, "-", first + chunk.length - 1, "/", content.length].join("");',
    '  response = await fetch(location, { method: "PATCH", headers: { "Content-Range": range }, body: chunk });',
    `  ${CHECK}`,
    "}",
  ];
}

/**
 * @param {import("./request.js").Request} request
 * @param {boolean} inRanges
 * @returns {string[]} what reads the response
 */
function reading({ operationId, isRun, download, upload, given }, inRanges) {
  if (inRanges) return ["await file.write(new Uint8Array(await response.arrayBuffer()));"];
  if (isRun)
    return [
      "const run = await response.json();",
      'console.log([run.status, run.stdout, run.result].join("\\n"));',
      "if (run.error) console.log(run.error.name, run.error.message);",
      ...(given.includeContent === "links" ? LINKS : []),
    ];
  if (download !== null) return [`await writeFile(${json(download)}, new Uint8Array(await response.arrayBuffer()));`];
  if (operationId === "ListFiles")
    return [
      "const { files } = await response.json();",
      "for (const file of files) console.log(file.folder, file.fileName, file.size);",
    ];
  if (upload) return ["const { sessionId, files } = await response.json();", "console.log(sessionId, files);"];
  return operationId === "DeleteFile" || operationId === "EndSession" ? [] : ["console.log(await response.json());"];
}
