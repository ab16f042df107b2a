// The types of what the page knows.

/** @typedef {import("../api/models.js").ConnectionFacts} ConnectionFacts */
/** @typedef {import("../api/models.js").Execution} Execution */
/** @typedef {import("../api/models.js").FileFacts} FileFacts */
/** @typedef {import("../api/models.js").Output} Output */
/** @typedef {import("../api/client.js").ApiError} ApiError */
/** @typedef {import("../api/client.js").Call} Call */

/**
 * A run that was started on this page.
 * @typedef {Object} Run
 * @property {number} number from 1, in its session
 * @property {string} code
 * @property {number} timeoutInSeconds
 * @property {string} workspaceId empty if it has none
 * @property {number} startedAt milliseconds since 1970
 * @property {number | null} endedAt
 * @property {"Sending" | Execution["status"] | "Refused"} status Refused: the connector did not accept it
 * @property {boolean} canceling
 * @property {boolean} reconnecting whether the connection is lost, and the page tries again
 * @property {string} waiting why the connector does not take it now, in words; empty if it does
 * @property {Execution | null} execution the newest that is known
 * @property {ApiError | null} error why it was refused, or why its state is not known
 */

/**
 * A file on its way into a session, or one that did not arrive.
 * @typedef {Object} Transfer
 * @property {string} key
 * @property {File} file
 * @property {string} fileName
 * @property {string} folder
 * @property {"waiting" | "sending" | "failed"} status
 * @property {import("./retries.js").Obstacle | null} waitsFor what it waits for while it is being sent, if it does
 * @property {number} sent bytes
 * @property {number} bytesPerSecond
 * @property {string | null} token of the chunked upload, once it has begun
 * @property {ApiError | null} error
 * @property {{fileName: string, folder: string} | null} betterName under which it is accepted, if its own was refused
 */

/**
 * How far a copy between a session and somewhere else has come.
 * @typedef {Object} CopyProgress
 * @property {number} received bytes
 * @property {number} size bytes; 0 if it is not known
 * @property {import("./retries.js").Obstacle | null} waitsFor
 */

/**
 * Where an import comes from, and where it goes.
 * @typedef {Object} ImportRequest
 * @property {string} address a secret, if it has a signature
 * @property {"blobUrl" | "fileUrl"} kind
 * @property {string} folder
 * @property {string} fileName empty: it keeps its name
 */

/**
 * A file on its way into a session by its address, or one that did not arrive.
 * @typedef {Object} Import
 * @property {string} key
 * @property {ImportRequest} request
 * @property {string} fileName as far as it is known
 * @property {"waiting" | "copying" | "failed"} status
 * @property {CopyProgress} progress
 * @property {string} token of the transfer; empty until it has begun
 * @property {ApiError | null} error
 */

/**
 * What a dialog knows that has a file or a workspace copied.
 * @typedef {Object} CopyDialog
 * @property {string} key of the session
 * @property {{fileName: string, folder: string} | null} file
 * @property {ImportRequest | null} request what was entered before, if it is to be changed
 * @property {"asking" | "copying" | "done"} status
 * @property {CopyProgress} progress
 * @property {any} result what the connector has returned
 * @property {ApiError | null} error
 */

/**
 * A file that is about to be deleted: until then, that can be undone.
 * @typedef {Object} Deletion
 * @property {FileFacts} file
 * @property {number} dueAt milliseconds since 1970
 * @property {"pending" | "sending"} status
 */

/**
 * A file that is being saved.
 * @typedef {Object} Download
 * @property {string} path
 * @property {number} received bytes
 * @property {number} size bytes
 */

/**
 * What a file has, as people read it.
 * @typedef {{kind: "table", sheets: {name: string, columns: string[], rows: unknown[][], total?: number}[], text: string}
 *   | {kind: "text", text: string}
 *   | {kind: "html", page: string, text: string}
 *   | {kind: "image", address: string}
 *   | {kind: "none", reason: string}} PreviewContent text is the file's own, where it can be shown too
 */

/**
 * The file that is shown.
 * @typedef {Object} Preview
 * @property {FileFacts} file
 * @property {PreviewContent | null} content null while it is read
 * @property {string} note what is not shown, or how the file was read
 * @property {number} sheet the one that is shown
 * @property {boolean} isSource whether the text is shown where there is another form, too
 * @property {ApiError | null} error
 */

/**
 * What is needed to follow how long a session lives.
 * @typedef {Object} Lifetime
 * @property {string | null} createdTime as the connector returned it: another one is another session with the same ID
 * @property {number | null} cooldown milliseconds without use after which it expires
 * @property {number} usedAt
 * @property {number} checkedAt when the connector was asked for its times
 * @property {boolean} isWarned whether people know that it is about to expire
 * @property {number} firstRun the number of the first run in the interpreter that it has now
 */

/**
 * A session as this page has it.
 * @typedef {Object} Session
 * @property {string} key its identity on this page
 * @property {string} name for people
 * @property {string | null} id the session ID, a secret; null until the connector has returned one
 * @property {"new" | "active" | "expired" | "ended"} status
 * @property {number | null} createdAt milliseconds since 1970, as all times here: of this machine's clock
 * @property {number | null} expiresAt when it expires if it is not used again; null if that is not known
 * @property {Lifetime} lifetime
 * @property {"session" | "interpreter" | null} renewal what started again when it was used, which the user has to know: a
 *   session that had expired, with the same ID, or its interpreter, with the same files
 * @property {string} code what is in the editor
 * @property {number} timeoutInSeconds
 * @property {Run[]} runs
 * @property {number | null} shownRun the number of the run whose results are shown
 * @property {{line: number, message: string} | null} mark the line of the code in the editor that raised the last error
 * @property {{text: string, formerCode: string | null} | null} codeNote what happened to the code in the editor, and
 *   what was there before, if that can be undone
 * @property {FileFacts[]} files
 * @property {boolean} filesAreLoading
 * @property {ApiError | null} filesError
 * @property {string | null} filesToken for the files after these, if there are more
 * @property {Map<string, ApiError>} fileErrors what went wrong with a file, by path
 * @property {Deletion[]} deletions
 * @property {Download[]} downloads
 * @property {Transfer[]} transfers
 * @property {Import[]} imports
 * @property {string} workspaceId the workspace that runs restore and save; empty if none
 * @property {Map<string, File>} sources the files that were uploaded here, by path, so that they can be sent again
 * @property {Call | null} lastCall what was done last, for "Use it elsewhere"
 */

/**
 * How results are looked at, beyond what they are. Members of the records have the keys of tables and outputs.
 * @typedef {Object} ResultsView
 * @property {boolean} wrap whether long lines of printed text are wrapped
 * @property {Record<string, {column: number, isDescending: boolean}>} sorts of tables, by their keys
 * @property {Record<string, number>} rowLimits how many rows of a table are shown, if the user asked for more
 * @property {Record<string, LoadedOutput>} loads of outputs whose content was not in the response
 * @property {Record<string, boolean>} opened outputs that are shown only when asked for
 * @property {Record<string, boolean>} broken images that the browser cannot show
 * @property {{output: Output, key: string} | null} zoomed the figure in the dialog
 */

/**
 * The content of an output that is loaded from its file.
 * @typedef {Object} LoadedOutput
 * @property {"loading" | "loaded" | "large" | "failed"} status large: it waits to be asked for
 * @property {string} [content] as in Output
 * @property {number} [size] bytes
 * @property {ApiError} [error]
 */

/**
 * Whether the connector answers, and accepts this page.
 * @typedef {Object} ConnectionState
 * @property {"checking" | "connected" | "failed" | "unauthorized" | "offline"} status of the last check that has ended;
 *   checking before the first one has
 * @property {boolean} isChecking
 * @property {ConnectionFacts | null} facts the newest that are known
 * @property {ApiError | null} error
 * @property {string} packageFilter which of the packages are listed: those whose name contains it
 */

/**
 * How this page proves who calls.
 * @typedef {Object} SignIn
 * @property {"key" | "entra"} mode what the connector requires
 * @property {boolean} hasClient whether the page itself can sign in with Entra ID
 * @property {string} scope of tokens
 * @property {"none" | "key" | "token" | "account"} credential which one is sent with calls
 * @property {string} name of who is signed in
 * @property {number | null} expiresAt when the token expires, in milliseconds since 1970
 * @property {"idle" | "window" | "checking"} progress window: the person signs in, in another window
 * @property {string} problem why the last attempt did not succeed
 * @property {boolean} addressHadKey whether the page was opened by an address with a key in it
 */

/**
 * @typedef {Object} State
 * @property {Session[]} sessions
 * @property {string} currentKey the key of the session that is shown
 * @property {ConnectionState} connection
 * @property {SignIn} signIn
 * @property {"files" | "code" | "results"} pane which one is shown where there is room for one only
 * @property {string | null} dialog the name of the open dialog
 * @property {{key: string, isBusy: boolean, error: string}} sessionDialog what dialogs about a session know: which one,
 *   whether a call is on its way, and what went wrong
 * @property {string | null} renaming the key of the session that gets another name
 * @property {string | null} shownId the key of the session whose ID is readable
 * @property {{choice: "none" | "tab" | "browser", error: string}} memory how long the browser remembers the sessions
 * @property {{files: number, results: number}} widths of panes: pixels, and percent of what is left
 * @property {number} now milliseconds since 1970, as of the last tick of the clock
 * @property {"system" | "light" | "dark"} theme
 * @property {string | null} menu the name of the open menu
 * @property {{sort: "name" | "newest" | "largest", filter: string, most: number, closedFolders: Set<string>, isDropTarget: boolean}} filesView
 *   how the files are shown: most is the number of rows
 * @property {Preview | null} preview
 * @property {CopyDialog | null} copyDialog
 * @property {string[]} workspaces the names that were used here, the newest first
 * @property {string} announcement what screen readers are to say now
 * @property {{isOpen: boolean, tab: string, withSession: boolean, withLinks: boolean, step: {key: string, last: Call | null} | null}} use
 *   "Use it elsewhere": unfolded or not, the tab, whether the texts have the session ID and ask for links, and the
 *   step that was chosen after `last` had been done
 * @property {ResultsView} results
 */

export {};
