// A call as a command of bash.

import { LARGEST_BODY } from "../api/operations.js";
import { credentialOf } from "./place.js";
import { fileWord, hereDocument, json } from "./quoting.js";
import { encoded, PART_BYTES, SESSION_IN_PATH } from "./request.js";

/**
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function curl(request, place) {
  const { variable, header, before } = credentialOf(place);
  const credential = `-H "${header}: ${before}$${variable}"`;
  const lines = request.usesSession && place.session !== null ? [`SESSION=${place.session}`] : [];
  if (request.upload && request.upload.size > LARGEST_BODY)
    return [...lines, ...chunks(request, credential)].join("\n");
  if (request.download !== null && place.downloadBytes > LARGEST_BODY)
    return [...lines, ...ranges(request, credential, place.downloadBytes)].join("\n");
  const options = [];
  if (request.upload) options.push(`-T ${fileWord(request.upload.name)}${globOption(request.upload.name)}`);
  else if (request.download !== null)
    options.push(`-f -o ${fileWord(request.download)}${globOption(request.download)}`);
  else if (request.method === "DELETE" && !request.isRun) options.push("-i -X DELETE");
  else if (request.method === "DELETE") options.push("-X DELETE");
  if (request.json && request.method !== "POST") options.push(`-X ${request.method}`);
  if (request.json) options.push("-H 'Content-Type: application/json' --data-binary @-");
  if (request.isLong) options.push(`-D ${fileOf(request)}.headers -o ${fileOf(request)}.json`);
  const command = [`curl ${address(request)}`, credential, ...options].join(" \\\n  ");
  lines.push(request.json ? `${command} <<END\n${body(request)}\nEND` : command);
  if (request.isLong) lines.push(...polling(credential, fileOf(request)));
  return lines.join("\n");
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} the URL in double quotes
 */
function address({ path, query, sessionInQuery }) {
  const parameters = query.map(([name, value]) => `${name}=${encoded(String(value)).replaceAll("%2F", "/")}`);
  if (sessionInQuery) parameters.unshift("sessionId=$SESSION");
  const end = parameters.length ? `?${parameters.join("&")}` : "";
  return `"$API/${path.replace(SESSION_IN_PATH, "$SESSION")}${end}"`;
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} the JSON body, with the variable in it
 */
function body({ json: members, usesSession }) {
  const text = hereDocument(json(members, 2), true);
  return usesSession ? text.replace("{\n", '{\n  "sessionId": "$SESSION",\n') : text;
}

/**
 * @param {string} name of a file
 * @returns {string} the option without which curl would take brackets in it for a pattern
 */
function globOption(name) {
  return /[[\]{}#]/.test(name) ? " -g" : "";
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} the name, without its ending, of the files that have the response
 */
function fileOf({ isRun }) {
  return isRun ? "run" : "copy";
}

/**
 * @param {string} credential
 * @param {string} file
 * @returns {string[]} what asks for the result until there is one
 */
function polling(credential, file) {
  return [
    `header() { tr -d '\\r' < ${file}.headers | awk -v name="$1:" 'tolower($1) == name { print $2 }'; }`,
    `while grep -q '^HTTP/[0-9.]* 202' ${file}.headers; do`,
    `  sleep "$(header retry-after)"`,
    `  curl -s "$(header location)" ${credential} -D ${file}.headers -o ${file}.json`,
    "done",
    `cat ${file}.json`,
  ];
}

/**
 * @param {import("./request.js").Request} request
 * @param {string} credential
 * @returns {string[]} an upload in chunks
 */
function chunks(request, credential) {
  const name = fileWord(/** @type {{name: string}} */ (request.upload).name);
  return [
    `size=$(($(wc -c < ${name})))`,
    `curl -f -X PUT ${address(request)} \\\n  ${credential} \\\n  -H 'x-ms-transfer-mode: chunked' -H "x-ms-content-length: $size" -H 'Content-Length: 0' -D upload.headers`,
    `location=$(tr -d '\\r' < upload.headers | awk 'tolower($1) == "location:" { print $2 }')`,
    `for ((first = 0; first < size; first += ${PART_BYTES})); do`,
    `  last=$((first + ${PART_BYTES} < size ? first + ${PART_BYTES} - 1 : size - 1))`,
    `  tail -c +$((first + 1)) < ${name} | head -c $((last - first + 1)) > upload.part`,
    `  curl -f -X PATCH "$location" -H "Content-Range: bytes=$first-$last/$size" --data-binary @upload.part || break`,
    "done",
  ];
}

/**
 * @param {import("./request.js").Request} request
 * @param {string} credential
 * @param {number} size
 * @returns {string[]} a download in parts
 */
function ranges(request, credential, size) {
  const name = fileWord(String(request.download));
  return [
    `for ((first = 0; first < ${size}; first += ${PART_BYTES})); do`,
    `  curl -f ${address(request)} \\\n    ${credential} -r "$first-$((first + ${PART_BYTES} - 1))" || break`,
    `done > ${name}`,
  ];
}
