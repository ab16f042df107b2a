// ZIP archives whose files are not compressed.
import { loaded } from "../api/client.js";

/**
 * @param {{name: string, content: Uint8Array<ArrayBuffer>}[]} files with different names
 * @returns {Promise<Blob>}
 * @throws {import("../api/client.js").ApiError} if the library could not be loaded
 */
export async function archiveOf(files) {
  const { zipSync } = await loaded(import("../libraries/excel.js"));
  const archive = zipSync(Object.fromEntries(files.map(({ name, content }) => [name, content])), { level: 0 });
  return new Blob([archive], { type: "application/zip" });
}
