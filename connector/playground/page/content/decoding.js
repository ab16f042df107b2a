// Bytes of unknown origin as text, if they are text.

/**
 * @typedef {Object} Decoded
 * @property {string} text
 * @property {string} encoding for people
 */

const BINARY_BEGINNINGS = [
  "%PDF-",
  "PK\u0003\u0004",
  "PAR1",
  "\u001f\u008b",
  "\u0089PNG",
  "\u007fELF",
  "SQLite format 3",
];

/**
 * @param {Uint8Array<ArrayBuffer>} bytes the beginning of a file, or all of it
 * @returns {Decoded | null} null if it is not text
 */
export function decoded(bytes) {
  const beginning = String.fromCharCode(...bytes.subarray(0, 16));
  if (BINARY_BEGINNINGS.some((known) => beginning.startsWith(known))) return null;
  const utf16 = utf16Of(bytes);
  if (utf16) return { text: new TextDecoder(utf16).decode(bytes, { stream: true }), encoding: "UTF-16" };
  if (bytes.includes(0)) return null;
  const utf8 = ofUtf8(bytes);
  const text = utf8 ?? new TextDecoder("windows-1252").decode(bytes);
  // Escapes of terminals, 27, are in many texts.
  const strange = bytes.filter((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)).length;
  if (strange > bytes.length / 200) return null;
  return { text, encoding: utf8 === null ? "Windows-1252" : "UTF-8" };
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {string | null} null if they are not UTF-8. They may end inside of a character.
 */
function ofUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {"utf-16le" | "utf-16be" | null} by the mark at the beginning, or by the zeros in most of its characters
 */
function utf16Of(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, 2000);
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2] += 1;
  const most = sample.length * 0.3;
  if (zeros[0] === 0 && zeros[1] > most) return "utf-16le";
  if (zeros[1] === 0 && zeros[0] > most) return "utf-16be";
  return null;
}
