// What may stand at a place of the text: completion and hover, from the schema and the text before the place.

const WORD = /[\w.-]/;
const KEY = /^(?:"([^"]*)"|'([^']*)'|([^\s#,[\]{}:"'][^#,[\]{}:]*?))\s*:(?=\s|$)/;

/**
 * The place of an offset in YAML text, which need not be complete: `path` leads to the map or the value, `mode` is
 * "key" or "value", `from` is where the word before the offset begins, `siblings` are the keys of the map with their
 * values as text.
 */
export function placeAt(text, offset) {
  let from = offset;
  while (from > 0 && WORD.test(text[from - 1])) from -= 1;
  const blocks = []; // {indent, key} of the block maps and lists around the place
  const flows = []; // {open, key, index, start} of the brackets around the place
  let lineStart = 0;
  let scalarIndent = -1; // of a key whose value is a literal text below it
  for (const line of text.split("\n")) {
    const end = Math.min(lineStart + line.length, from);
    if (lineStart > from) break;
    let column = 0;
    if (!flows.length) {
      const indent = line.search(/\S|$/);
      const blank = !line.slice(indent) || line[indent] === "#";
      const here = lineStart + line.length >= from; // the line of the place: its indent counts though it is empty
      if (scalarIndent >= 0 && (blank || indent > scalarIndent)) {
        if (here) return null;
        lineStart += line.length + 1;
        continue;
      }
      if (here && line[indent] === "#" && lineStart + indent < from) return null;
      scalarIndent = -1;
      if (blank && !here) {
        lineStart += line.length + 1;
        continue;
      }
      column = indent;
      leave(blocks, column, line.startsWith("- ", column));
      while (line.startsWith("- ", column) && lineStart + column < from) {
        const last = blocks.at(-1);
        if (last?.item && last.indent === column) last.key += 1;
        else blocks.push({ indent: column, key: 0, item: true });
        column += 2 + line.slice(column + 2).search(/\S|$/);
      }
      const found = KEY.exec(line.slice(column));
      if (found && lineStart + column + found[0].length <= from) {
        blocks.push({ indent: column, key: found[1] ?? found[2] ?? found[3], item: false });
        column += found[0].length;
        if (/^\s*[|>]/.test(line.slice(column))) scalarIndent = blocks.at(-1).indent;
        if (here && scalarIndent >= 0) return null;
      } else if (here) {
        const path = blocks.map((each) => each.key);
        const siblings = keysOfBlock(text, lineStart, column);
        return { path, mode: "key", from, siblings };
      }
    }
    const comment = scanFlow(line, column, end - lineStart, lineStart, flows);
    if (comment && lineStart + line.length >= from) return null;
    lineStart += line.length + 1;
  }
  const path = blocks.map((each) => each.key);
  for (const flow of flows) path.push(flow.open === "[" ? flow.index : flow.key);
  const inner = flows.at(-1);
  if (inner?.open === "{" && inner.key === null) {
    path.pop();
    return { path, mode: "key", from, siblings: keysOfFlow(text, inner.start) };
  }
  const siblings = inner?.open === "{" ? keysOfFlow(text, inner.start) : siblingsOfBlock(text, from, blocks);
  return { path, mode: "value", from, siblings };
}

/** Leaves the blocks that a line with this indent ends. */
function leave(blocks, indent, isItem) {
  while (blocks.length) {
    const last = blocks.at(-1);
    const stays = last.indent < indent || (last.indent === indent && isItem && (last.item || !blocks.at(-2)?.item));
    if (stays && !(last.indent === indent && !last.item && !isItem)) break;
    blocks.pop();
  }
}

/** Follows the brackets of a line up to a column; true if a comment begins before it. */
function scanFlow(line, start, end, lineStart, flows) {
  let word = "";
  for (let column = start; column < end; column += 1) {
    const letter = line[column];
    const top = flows.at(-1);
    if (letter === '"' || letter === "'") {
      const close = line.indexOf(letter, column + 1);
      if (close < 0 || close >= end) return true; // within a quoted text nothing is known
      word = line.slice(column + 1, close);
      column = close;
    } else if (letter === "#" && (column === 0 || /\s/.test(line[column - 1]))) {
      return true;
    } else if (letter === "{" || letter === "[") {
      flows.push({ open: letter, key: null, index: 0, start: lineStart + column });
      word = "";
    } else if (letter === "}" || letter === "]") {
      flows.pop();
      word = "";
    } else if (letter === "," && top) {
      top.key = null;
      top.index += 1;
      word = "";
    } else if (letter === ":" && top?.open === "{" && top.key === null) {
      top.key = word.trim();
      word = "";
    } else word += letter;
  }
  return false;
}

function keysOfFlow(text, start) {
  const keys = new Map();
  let depth = 0;
  let begin = start + 1;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "{" || text[at] === "[") depth += 1;
    const closes = text[at] === "}" || text[at] === "]";
    if (closes) depth -= 1;
    if ((depth === 0 && closes) || (depth === 1 && text[at] === ",")) {
      addPair(keys, text.slice(begin, at));
      begin = at + 1;
    }
    if (depth === 0) break;
  }
  return keys;
}

function addPair(keys, text) {
  const found = KEY.exec(text.trim());
  if (found) keys.set(found[1] ?? found[2] ?? found[3], text.trim().slice(found[0].length).trim());
}

function keysOfBlock(text, lineStart, indent) {
  const keys = new Map();
  const before = text.slice(0, lineStart).split("\n").slice(0, -1).reverse();
  const after = text.slice(lineStart).split("\n");
  for (const lines of [before, after]) {
    for (const line of lines) {
      const bare = line.replace(/^( *)- /, "$1  ");
      const at = bare.search(/\S|$/);
      if (at < indent && bare.trim()) break;
      if (at === indent && !bare.trim().startsWith("#")) addPair(keys, bare.replace(/\s#.*$/, ""));
      if (bare !== line && line.search(/\S/) < indent && lines === before) break; // the first line of an item
    }
  }
  return keys;
}

function siblingsOfBlock(text, from, blocks) {
  if (!blocks.length) return new Map();
  const lineStart = text.lastIndexOf("\n", from - 1) + 1;
  return keysOfBlock(text, lineStart, blocks.at(-1).indent);
}

/** The answers of a schema to completion and hover. */
export class Schema {
  constructor(schema) {
    this.schema = schema;
  }

  complete(text, offset) {
    const place = placeAt(text, offset);
    if (!place) return null;
    const nodes = this.nodesAt(place);
    const options = place.mode === "key" ? this.keys(nodes, place.siblings).filter((each) => !place.siblings.has(each.label)) : this.values(nodes);
    return options.length ? { from: place.from, options } : null;
  }

  explain(text, offset) {
    let from = offset;
    let to = offset;
    while (from > 0 && WORD.test(text[from - 1])) from -= 1;
    while (to < text.length && WORD.test(text[to])) to += 1;
    if (from === to) return null;
    const word = text.slice(from, to);
    const place = placeAt(text, from);
    if (!place) return null;
    const nodes = this.nodesAt(place);
    if (place.mode === "key") {
      const found = this.keys(nodes, place.siblings).find((each) => each.label === word);
      return found ? { from, to, word, text: [found.info, found.detail && `(${found.detail})`].filter(Boolean).join(" ") } : null;
    }
    const found = this.values(nodes).find((each) => each.label === word);
    return found?.info ? { from, to, word, text: found.info } : null;
  }

  /** The alternatives of a node, without references and unions. */
  flat(node, seen = new Set()) {
    if (!node || seen.has(node)) return [];
    seen.add(node);
    if (node.$ref) return this.flat(this.schema.definitions[node.$ref.split("/").at(-1)], seen);
    const parts = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
    const inner = parts.flatMap((part) => this.flat(part, seen));
    return node.properties || node.items || node.enum || "const" in node || !parts.length ? [node, ...inner] : inner;
  }

  nodesAt({ path, mode, siblings }) {
    let nodes = this.flat(this.schema);
    path.forEach((step, index) => {
      const last = index === path.length - 1;
      if (mode === "value" && last) nodes = ofType(nodes, siblings.get("type"));
      nodes = nodes.flatMap((node) => this.step(node, step));
    });
    return nodes;
  }

  step(node, step) {
    if (node.items && /^\d+$/.test(step)) return this.flat(node.items);
    if (node.properties?.[step]) return this.flat(node.properties[step]);
    return typeof node.additionalProperties === "object" ? this.flat(node.additionalProperties) : [];
  }

  keys(nodes, siblings) {
    const options = new Map();
    for (const node of ofType(nodes, siblings.get("type"))) {
      for (const [name, value] of Object.entries(node.properties ?? {})) {
        if (options.has(name)) continue;
        options.set(name, { label: name, type: "property", detail: this.shape(value), info: this.description(value), apply: `${name}: ` });
      }
    }
    return [...options.values()];
  }

  values(nodes) {
    const options = new Map();
    const add = (value, info) => {
      const label = String(value);
      if (!options.has(label) || (info && !options.get(label).info)) options.set(label, { label, type: "enum", info });
    };
    for (const node of nodes) {
      for (const value of node.enum ?? []) add(value, "");
      if ("const" in node) add(node.const, node.description ?? "");
      if (node.type === "boolean") [true, false].forEach((value) => add(value, ""));
      if (node.properties?.type?.const) add(node.properties.type.const, node.description ?? "");
      if (node.default !== undefined && typeof node.default !== "object" && node.default !== "") add(node.default, "The default.");
    }
    return [...options.values()];
  }

  description(node) {
    if (node.description) return node.description;
    const found = this.flat(node).filter((each) => each.description && !each.properties);
    return found.length === 1 ? found[0].description : "";
  }

  /** In a few words what a value looks like. */
  shape(node) {
    const flat = this.flat(node);
    const names = flat.flatMap((each) => each.enum ?? []);
    const words = new Set();
    for (const each of flat) {
      if (each.enum || (each.type === "null")) continue;
      if (each.type === "array" || each.items) words.add("list");
      else if (each.properties) words.add("settings");
      else if (each.type) words.add({ integer: "integer", number: "number", boolean: "true or false", string: "name", object: "map" }[each.type] ?? each.type);
    }
    const listed = names.length > 4 ? `${names.slice(0, 3).join(" | ")} | …` : names.join(" | ");
    const fallback = node.default ?? flat.find((each) => each.default !== undefined)?.default;
    const shown = fallback !== undefined && fallback !== null && fallback !== "" && typeof fallback !== "object";
    return [listed || [...words].join(" or "), shown ? `default ${fallback}` : ""].filter(Boolean).join(", ");
  }
}

function ofType(nodes, type) {
  const own = type && nodes.filter((node) => node.properties?.type?.const === type);
  return own?.length ? own : nodes;
}
