// ZIP archives whose files are not compressed.
import { loaded } from "../api/client.js";

/**
 * @param {{name: string, content: Uint8Array<ArrayBuffer>}[]} files with different names
 * @returns {Promise<Blob>}
 * @throws {import("../api/client.js").ApiError} if the library could not be loaded
 */
export async function archiveOf(files) {
  const { Zip, ZipPassThrough } = await loaded(import("../libraries/zip.js"));
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  const archive = new Zip((_error, part) => parts.push(part));
  for (const { name, content } of files) {
    const entry = new ZipPassThrough(name);
    archive.add(entry);
    entry.push(content, true);
  }
  archive.end();
  return new Blob(parts, { type: "application/zip" });
}
