// DOM elements in one expression, what the page says, numbers in words, and offsets of places in a text.

/** An element with attributes (`class`, `on…` handlers, others) and children (nodes or text). */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Says something in the bar: texts, buttons, fields. */
export function say(...parts) {
  byId("note").replaceChildren(...parts);
}

/** A handler of events that says why it could not act, as where the server was stopped. */
export const attempt = (act) => async (event) => {
  try {
    await act(event);
  } catch (error) {
    say(`That did not work: ${error.message}.`);
  }
};

/** A list of names and values. */
export function facts(pairs) {
  return element("dl", {}, pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
}

/** A count with three digits and its magnitude: 31.0 M. */
export function short(value) {
  for (const [size, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${(value / size).toPrecision(3)} ${letter}`;
  }
  return String(value);
}

/** Sizes of all axes: 572² where they are equal. */
export function sizeWords(size) {
  if (!size) return "";
  const equal = size.every((each) => each === size[0]);
  return equal && size.length > 1 ? `${size[0]}${"¹²³"[size.length - 1]}` : size.join(" × ");
}

/** The offset of a line and a column, both from 1 and in code points, in a text. */
export function offsetOf(text, line, column) {
  let start = 0;
  for (let number = 1; number < line; number += 1) {
    const next = text.indexOf("\n", start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  const content = text.slice(start, end < 0 ? text.length : end);
  return start + [...content].slice(0, column - 1).join("").length;
}

export function download(name, content, type) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
