// What operations return, as far as the page uses it. The contract is openapi.yaml.

/**
 * An Execution of the contract, as the connector returns it.
 * @typedef {Object} Execution
 * @property {string} sessionId
 * @property {string} executionId
 * @property {"Running" | "Succeeded" | "Failed" | "Canceled" | "Unknown"} status
 * @property {string} result
 * @property {unknown} [value]
 * @property {string} stdout
 * @property {string} stderr
 * @property {{name: string, message: string, line?: number, traceback?: string, hint?: string}} [error]
 * @property {Output[]} outputs
 * @property {FileFacts[]} files
 * @property {number} durationInMilliseconds
 * @property {number} [executionCount]
 * @property {boolean} [isNewSession]
 * @property {string} [notice]
 * @property {Record<string, boolean>} [truncated]
 */

/**
 * @typedef {Object} Output
 * @property {string} contentType
 * @property {string} [content] text, or base64 if it is an image other than SVG
 * @property {string} [title]
 * @property {string} [fileName]
 * @property {string} [folder]
 * @property {boolean} [isReduced] whether the content is a smaller rendering of the image, which is in the file
 */

/**
 * A File of the contract.
 * @typedef {Object} FileFacts
 * @property {string} fileName
 * @property {string} folder
 * @property {number} size bytes
 * @property {string} contentType
 * @property {string} [lastModifiedTime] ISO 8601
 * @property {"Created" | "Changed"} [change]
 */

/**
 * A SharedFile of the contract, as far as the page uses it.
 * @typedef {Object} SharedFile
 * @property {string} fileUrl the link, a secret
 * @property {string} expirationTime ISO 8601
 * @property {boolean} isDurable whether it outlives its session
 */

/**
 * An ExportedFile of the contract, as far as the page uses it.
 * @typedef {Object} ExportedFile
 * @property {string} blobUrl
 * @property {string} blobName
 * @property {number} size bytes
 */

/**
 * A Workspace of the contract.
 * @typedef {Object} Workspace
 * @property {string} workspaceId
 * @property {string} [sessionId]
 * @property {number} size bytes
 * @property {number} fileCount
 * @property {string} lastModifiedTime ISO 8601
 * @property {string} eTag
 */

/**
 * A Connection of the contract, as far as the page uses it.
 * @typedef {Object} ConnectionFacts
 * @property {string} message
 * @property {string} apiVersion
 * @property {{name: string, version: string}[]} runtimes
 * @property {{name: string, version: string}[]} packages
 * @property {{name: string, isAvailable: boolean, message: string, isolation?: {level: number, description: string}}[]} pools
 * @property {{containerUrl: string, use: "Files" | "Imports", isAvailable: boolean, message: string}[]} [storage]
 */

export {};
