// The files in what was dropped, also those in folders.

/** @typedef {{file: File, folder: string}} DroppedFile */

/** What systems leave in folders, and nobody means to upload. */
const OF_THE_SYSTEM = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * @param {DataTransfer} transfer which is empty once the event is over, so this is called before
 * @param {number} most of a folder with more files, one more than these is returned
 * @returns {Promise<DroppedFile[]>}
 */
export async function droppedFiles(transfer, most) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files.map((file) => ({ file, folder: "" }));
  /** @type {DroppedFile[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, "", found, most);
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} folder that it is in
 * @param {DroppedFile[]} found
 * @param {number} most
 */
async function collect(entry, folder, found, most) {
  if (found.length > most) return;
  if (isFile(entry)) {
    if (folder && OF_THE_SYSTEM.has(entry.name)) return;
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folder });
  } else {
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    for (;;) {
      /** @type {FileSystemEntry[]} */
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const inside of some) await collect(inside, path, found, most);
    }
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemFileEntry}
 */
function isFile(entry) {
  return entry.isFile;
}
