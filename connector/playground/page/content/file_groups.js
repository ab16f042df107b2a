// The files of a session as they are shown: filtered, sorted, and grouped by folder.
import { pathOf } from "./names.js";

/** @typedef {import("../api/models.js").FileFacts} FileFacts */
/** @typedef {{folder: string, files: FileFacts[], count: number, size: number}} Group */

const names = new Intl.Collator("en", { numeric: true });
const ORDERS = {
  name: (/** @type {FileFacts} */ one, /** @type {FileFacts} */ other) => names.compare(one.fileName, other.fileName),
  newest: (/** @type {FileFacts} */ one, /** @type {FileFacts} */ other) => timeOf(other) - timeOf(one),
  largest: (/** @type {FileFacts} */ one, /** @type {FileFacts} */ other) => other.size - one.size,
};

/**
 * @param {FileFacts} file
 * @returns {number} when it was changed, in milliseconds since 1970; 0 if that is not known
 */
export function timeOf({ lastModifiedTime }) {
  return lastModifiedTime ? Date.parse(lastModifiedTime) : 0;
}

/**
 * @param {FileFacts[]} files
 * @param {{sort: keyof typeof ORDERS, filter: string, most: number, closedFolders: Set<string>}} view most is how many
 *   files are shown
 * @returns {{groups: Group[], found: number, shown: number}} the files without a folder first; a closed folder has no
 *   `files`
 */
export function fileGroups(files, { sort, filter, most, closedFolders }) {
  const words = filter.trim().toLowerCase();
  const found = words ? files.filter((file) => pathOf(file).toLowerCase().includes(words)) : files;
  /** @type {Map<string, FileFacts[]>} */
  const byFolder = new Map();
  for (const file of found) {
    const others = byFolder.get(file.folder);
    if (others) others.push(file);
    else byFolder.set(file.folder, [file]);
  }
  const folders = [...byFolder.keys()].sort((one, other) => names.compare(one, other));
  let shown = 0;
  const groups = folders.map((folder) => {
    const all = byFolder.get(folder) ?? [];
    const isOpen = folder === "" || words !== "" || !closedFolders.has(folder);
    const sorted = isOpen ? all.toSorted(ORDERS[sort]).slice(0, Math.max(0, most - shown)) : [];
    shown += isOpen ? sorted.length : all.length;
    return { folder, files: sorted, count: all.length, size: all.reduce((sum, { size }) => sum + size, 0) };
  });
  return { groups, found: found.length, shown };
}
