// The key for commands: Command on computers by Apple, Ctrl elsewhere.

const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Its name on keyboards. */
export const COMMAND_KEY = IS_APPLE ? "⌘" : "Ctrl";

/** Its name in the attribute aria-keyshortcuts. */
export const COMMAND_MODIFIER = IS_APPLE ? "Meta" : "Control";
