// Where the files of this version of the page are: in the folder of its first script.

const FOLDER = /** @type {HTMLScriptElement} */ (document.querySelector("script[type=module]")).src;

/**
 * @param {string} path of a file in the page's folder
 * @returns {string} its address
 */
export function addressOfFile(path) {
  return new URL(path, FOLDER).href;
}
