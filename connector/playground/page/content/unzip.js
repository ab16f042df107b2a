// Reads ZIP archives from strangers: what they state about their sizes is not believed.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * @param {Uint8Array<ArrayBuffer>} bytes of the archive
 * @param {(name: string) => boolean} isWanted
 * @param {number} mostBytes of all wanted files when unpacked
 * @returns {Promise<{name: string, content: Uint8Array<ArrayBuffer>}[]>} the wanted files
 * @throws {RangeError} if they are larger; Error if this is no such archive
 */
export async function unzip(bytes, isWanted, mostBytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  const names = new TextDecoder();
  const files = [];
  let room = mostBytes;
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count -= 1) {
    if (view.getUint32(at, true) !== ENTRY) throw new Error("The directory of the archive is damaged.");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = names.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (isWanted(name)) {
      const content = await unpacked(packed(view, bytes, at), view.getUint16(at + 10, true), room);
      room -= content.length;
      files.push({ name, content });
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}

/** @param {DataView} view */
function endOf(view) {
  for (let end = view.byteLength - 22; end >= 0; end -= 1) if (view.getUint32(end, true) === END) return end;
  throw new Error("This is no ZIP archive.");
}

/**
 * @param {DataView} view
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} at the entry in the directory
 */
function packed(view, bytes, at) {
  const header = view.getUint32(at + 42, true);
  const first = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  return bytes.subarray(first, first + view.getUint32(at + 20, true));
}

/**
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {number} method
 * @param {number} mostBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function unpacked(content, method, mostBytes) {
  if (method !== STORED && method !== DEFLATED) throw new Error("The archive has an unknown compression.");
  const stream = new Blob([content]).stream();
  const reader = (method === STORED ? stream : stream.pipeThrough(new DecompressionStream("deflate-raw"))).getReader();
  const pieces = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    if (length > mostBytes) {
      await reader.cancel();
      throw new RangeError("too large");
    }
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
