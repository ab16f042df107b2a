// Files in one ZIP archive, not compressed: images are compressed already, and the rest is small.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});
const UTF8_NAMES = 0x0800;
const VERSION = 20;

/**
 * @param {{name: string, content: Uint8Array<ArrayBuffer>}[]} files with different names
 * @returns {Blob}
 */
export function zip(files) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const directory = [];
  let offset = 0;
  for (const { name, content } of files) {
    const encoded = new TextEncoder().encode(name);
    const facts = [VERSION, UTF8_NAMES, 0, 0, 0x21];
    const sizes = [crc32(content), content.length, content.length];
    const head = record(0x04034b50, [
      ["16", facts],
      ["32", sizes],
      ["16", [encoded.length, 0]],
    ]);
    parts.push(head, encoded, content);
    directory.push(
      record(0x02014b50, [
        ["16", [VERSION, ...facts]],
        ["32", sizes],
        ["16", [encoded.length, 0, 0, 0, 0]],
        ["32", [0, offset]],
      ]),
      encoded,
    );
    offset += head.length + encoded.length + content.length;
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  const counts = [0, 0, files.length, files.length];
  const end = record(0x06054b50, [
    ["16", counts],
    ["32", [directorySize, offset]],
    ["16", [0]],
  ]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/**
 * @param {number} signature
 * @param {["16" | "32", number[]][]} fields little-endian numbers, with their sizes in bits
 * @returns {Uint8Array<ArrayBuffer>}
 */
function record(signature, fields) {
  const size = fields.reduce((sum, [bits, numbers]) => sum + (Number(bits) / 8) * numbers.length, 4);
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, signature, true);
  let at = 4;
  for (const [bits, numbers] of fields) {
    for (const number of numbers) {
      if (bits === "16") view.setUint16(at, number, true);
      else view.setUint32(at, number, true);
      at += Number(bits) / 8;
    }
  }
  return new Uint8Array(view.buffer);
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
