// What images cost to draw. An image of a few bytes can be one that takes all memory, or hours.

/** Beyond this, drawing takes more than half a gigabyte. */
const MOST_PIXELS = 150_000_000;
const MOST_ELEMENTS = 1_000_000;
const TAG = /<(\/?)([A-Za-z_][^\s/>]*)((?:[^"'<>]|"[^"<]*"|'[^'<]*')*?)(\/?)>/g;
const ID = /\sid\s*=\s*(?:"([^"]*)"|'([^']*)')/;
const REFERENCE = /\bhref\s*=\s*["']\s*#([^"']*)["']|url\(\s*["']?\s*#([^"')]*)/g;

/**
 * @param {{naturalWidth: number, naturalHeight: number}} image that is loaded; drawing it comes later
 * @returns {boolean} whether it is too large to be drawn
 */
export function isHuge({ naturalWidth, naturalHeight }) {
  return naturalWidth * naturalHeight > MOST_PIXELS;
}

/** @type {WeakMap<object, {svg: string, isEndless: boolean}>} */
const known = new WeakMap();

/**
 * @param {object} holder for which the answer is kept
 * @param {string} svg
 * @returns {boolean} whether it would be drawn forever
 */
export function isEndless(holder, svg) {
  const before = known.get(holder);
  if (before?.svg === svg) return before.isEndless;
  const now = { svg, isEndless: measured(svg) };
  known.set(holder, now);
  return now.isEndless;
}

/** @param {string} svg which may draw parts of itself many times, and these again others */
function measured(svg) {
  if (/<!ENTITY\s+[^%>]*&/.test(svg)) return true; // entities in entities
  /** @typedef {{children: Node[], references: string[]}} Node */
  /** @type {Node} */
  const root = { children: [], references: [] };
  /** @type {Map<string, Node>} */
  const byId = new Map();
  const open = [root];
  for (const [, closing, , attributes, isEmpty] of withoutComments(svg).matchAll(TAG)) {
    if (closing) {
      if (open.length > 1) open.pop();
      continue;
    }
    const references = [...attributes.matchAll(REFERENCE)].map(([, target, other]) => target ?? other);
    const node = { children: [], references };
    const id = ID.exec(attributes);
    if (id) byId.set(id[1] ?? id[2], node);
    /** @type {Node} */ (open.at(-1)).children.push(node);
    if (!isEmpty) open.push(node);
  }
  /** @type {Map<Node, number>} what is 0 while it is counted: browsers do not draw what refers to itself */
  const costs = new Map();
  /** @param {Node} node @returns {number} */
  const cost = (node) => {
    const counted = costs.get(node);
    if (counted !== undefined) return counted;
    costs.set(node, 0);
    let sum = 1;
    for (const child of node.children) sum += cost(child);
    for (const id of node.references) {
      const target = byId.get(id);
      if (target) sum += cost(target);
    }
    costs.set(node, sum);
    return sum;
  };
  try {
    return cost(root) > MOST_ELEMENTS;
  } catch {
    return true; // nested too deeply to be counted
  }
}

/** @param {string} svg */
function withoutComments(svg) {
  const [first, ...parts] = svg.split("<!--");
  return first + parts.map((part) => part.slice(part.indexOf("-->") + 3)).join("");
}
