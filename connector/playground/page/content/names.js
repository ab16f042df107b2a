// Names of files: how they are shown, and what is done about those that the connector does not accept.

const LONGEST_NAME_BYTES = 255;
const OWN_FOLDERS = /^(?:\.outputs|_transfers)(?=\/|$)/;

/**
 * @param {{fileName: string, folder: string}} file
 * @returns {string} its path below /mnt/data, by which it is known on this page
 */
export function pathOf({ fileName, folder }) {
  return folder ? `${folder}/${fileName}` : fileName;
}

// Control characters, those that change the direction of a text or cannot be seen, and halves of characters.
const NOT_SHOWN = /[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u061c]/gu;

/**
 * @param {string} name
 * @returns {string} the name with all that could deceive a reader made visible
 */
export function shownName(name) {
  return name.replace(NOT_SHOWN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 32) return String.fromCodePoint(0x2400 + code);
    return `⟨${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/**
 * @param {string} name
 * @returns {string} the extension in lower case; empty if it has none
 */
export function extensionOf(name) {
  return /[^.]\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1].toLowerCase() ?? "";
}

const SHORT_KINDS = /** @type {Record<string, string>} */ ({ parquet: "PARQ", markdown: "MD", geojson: "GEO" });

/**
 * @param {string} name
 * @returns {string} what kind of file that is, in at most five letters
 */
export function kindOf(name) {
  const extension = extensionOf(name);
  return SHORT_KINDS[extension] ?? (extension.slice(0, 5).toUpperCase() || "FILE");
}

/**
 * @param {{fileName: string, folder: string}} file whose name or folder was refused
 * @returns {{fileName: string, folder: string} | null} one that is like it and can be expected to be accepted
 */
export function betterName({ fileName, folder }) {
  const folders = folder.replace(OWN_FOLDERS, (own) => own.slice(1)).split("/");
  const better = {
    fileName: accepted(fileName),
    folder: folders
      .map(accepted)
      .filter((step) => step !== "")
      .join("/"),
  };
  if (better.folder === "" && OWN_FOLDERS.test(better.fileName)) better.fileName = better.fileName.slice(1);
  if (!better.fileName) return null;
  if (pathOf(better) === pathOf({ fileName, folder })) better.fileName = plain(fileName);
  const isBetter = better.fileName !== "" && pathOf(better) !== pathOf({ fileName, folder });
  return isBetter ? better : null;
}

/** @param {string} name */
function accepted(name) {
  const text = name.replace(/[\p{Cc}\p{Cs}]/gu, "").replace(/%2f|[\\/]+/gi, "-");
  const trimmed = text.trim().replace(/^\.+$/, "");
  return shortened(trimmed.replace(/\s+(\.[^.]*)$/, "$1"));
}

/**
 * With letters, digits and what every system accepts.
 * @param {string} name
 */
function plain(name) {
  const text = name.normalize("NFC").replace(/[^\p{L}\p{Nd}\-_. ()]+/gu, "");
  return shortened(text.replace(/\s+(\.[^.]*)$/, "$1").trim());
}

/** @param {string} name */
function shortened(name) {
  const encoder = new TextEncoder();
  if (encoder.encode(name).length <= LONGEST_NAME_BYTES) return name;
  const extension = extensionOf(name);
  const ending = extension ? name.slice(-extension.length - 1) : "";
  const characters = [...name.slice(0, name.length - ending.length)];
  while (encoder.encode(characters.join("") + ending).length > LONGEST_NAME_BYTES) characters.pop();
  return characters.join("").trimEnd() + ending;
}

/**
 * @param {string} name
 * @param {(name: string) => boolean} isTaken
 * @returns {string} the name itself, or with a number, as in "image 2.png"
 */
export function freeName(name, isTaken) {
  const extension = extensionOf(name);
  const ending = extension ? name.slice(-extension.length - 1) : "";
  const stem = name.slice(0, name.length - ending.length);
  let free = name;
  for (let number = 2; isTaken(free); number += 1) free = `${stem} ${number}${ending}`;
  return free;
}

/** How pandas reads a file, by its extension. */
const READERS = /** @type {Record<string, string>} */ ({
  csv: "pd.read_csv($)",
  tsv: 'pd.read_csv($, sep="\\t")',
  xlsx: "pd.read_excel($)",
  json: "pd.read_json($)",
  jsonl: "pd.read_json($, lines=True)",
  ndjson: "pd.read_json($, lines=True)",
  parquet: "pd.read_parquet($)",
  feather: "pd.read_feather($)",
});

/**
 * @param {{fileName: string, folder: string}} file
 * @returns {string} Python code that reads it
 */
export function readingCode(file) {
  const path = JSON.stringify(`/mnt/data/${pathOf(file)}`); // whose escapes are those of Python, too
  const reader = READERS[extensionOf(file.fileName)];
  return reader
    ? `import pandas as pd\n\ndata = ${reader.replace("$", () => path)}\n`
    : `data = open(${path}, "rb").read()\n`;
}
