// Saves what the page has in memory as files of the user. They are only ever saved: in a tab of its own, a document of
// user code would have the origin of this page.

const SECONDS_UNTIL_SAVED = 60;

/**
 * @param {string} name
 * @param {Blob} blob
 */
export function saveAs(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Browsers read it after the click; how soon, they do not say.
  setTimeout(() => URL.revokeObjectURL(link.href), SECONDS_UNTIL_SAVED * 1000);
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>} its bytes as base64
 */
export function base64Of(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
