// The page: the text on the left is asked about at every edit, and what the answer says is shown on the right.
import { CompareView } from "./compare.js";
import { DrawingView } from "./drawing.js";
import { attempt, byId, download, element, offsetOf, say } from "./element.js";
import { engine } from "./engine.js";
import { FieldView } from "./field.js";
import { Schema, placeAt } from "./schema.js";
import { exportAs, linkOf, textOfLink } from "./share.js";
import { SizeControl } from "./size.js";
import { StudyView } from "./study.js";
import { showLevels, showPart, showText, Tabs } from "./tabs.js";
import { hideTip } from "./tip.js";

const PAUSE = 250; // milliseconds that the cursor rests before its key is explained
const LATE = 150; // milliseconds without an answer, after which the drawing is shown as pending
const DETAILS = { levels: ["levels"], field: ["field"], code: ["code"], resolved: ["resolved"], diff: ["diff"] }; // by tab
const page = {
  engine: null,
  editor: null,
  schema: null,
  file: null, // {file, digest} of the file that was given
  base: null, // what the text began from: a text, or the name of an example
  saved: "", // the text as it was opened or saved last
  size: null, // the size that was chosen; null: the spec's own
  fit: true, // whether the nearest size that fits may be taken
  shown: null, // the last answer without faults
  shownText: null, // the text that the last answer is about
  asking: false,
  again: false, // whether the text or the size was changed since it was asked about
};
let drawing, sizes, tabs, field, compare, study;

// --- asking -----------------------------------------------------------------------------------------------------------

/**
 * Asks about the text, and again as long as it was edited meanwhile: only the answer to the text as it is counts. What
 * stands beside the drawing is asked for once it is shown.
 */
async function update() {
  if (page.asking) {
    page.again = true;
    return;
  }
  page.asking = true;
  setState("pending");
  try {
    for (;;) {
      page.again = false;
      const text = page.editor.text();
      const answer = await page.engine.ask({ do: "draw", ...request(text) });
      if (answer.refused) throw new Error(answer.refused);
      if (answer.svg) drawing.show(answer.svg); // the state still says that it is not current
      if (page.again) continue;
      const details = answer.svg ? await page.engine.ask({ do: "details", ...request(text), want: ["parts", "sizes", "chips", ...(DETAILS[tabs.name] ?? [])] }) : {};
      if (page.again) continue;
      show({ ...details, ...answer }, text);
      break;
    }
  } catch (error) {
    page.shownText = null;
    setState("lost", `No answer: ${error.message}. ${page.engine.local ? "Is `unetkit play` still running?" : ""}`);
  } finally {
    page.asking = false;
  }
  if (page.again) update();
}

function request(text) {
  return { text, size: page.size, fit: page.fit, base: page.base, other: compare.other };
}

function setState(state, words = "") {
  const { dataset } = document.body;
  const isPending = state === "pending";
  if (!isPending || dataset.state !== state) {
    clearTimeout(page.late);
    delete dataset.late;
    if (isPending) page.late = setTimeout(() => (dataset.late = ""), LATE);
  }
  dataset.state = state;
  byId("drawing").setAttribute("aria-busy", isPending || state === "starting");
  if (isPending) return;
  if (state !== "starting") dataset.shown = state === "current" ? "current" : "old";
  byId("state").textContent = words;
}

// --- showing ----------------------------------------------------------------------------------------------------------

function show(answer, text) {
  page.shownText = text;
  if (tabs.name === "study") study.update();
  showFaults(answer.faults, text);
  if (!answer.svg) {
    const count = answer.faults.length === 1 ? "a fault" : `${answer.faults.length} faults`;
    const last = page.shown ? " The drawing shows the last network without faults." : "";
    setState("faulty", `Out of date: the spec has ${count}.${last}`);
    return;
  }
  page.shown = answer;
  drawing.showParts(answer.parts);
  sizes.show(answer.sizes);
  showChips(answer.chips ?? []);
  if (answer.levels) showLevels(answer.levels, answer.facts, chooseLevel);
  if (answer.field && tabs.name === "field") field.show(answer.size, answer.output_size, answer.field.size);
  if (answer.code !== undefined) showText("code", answer.code);
  if (answer.resolved !== undefined) showText("resolved", answer.resolved);
  if (tabs.name === "diff") compare.show(answer.diff);
  choosePart(drawing.chosen, { quiet: true });
  const title = `${answer.name || "Untitled"} · unetkit play`;
  if (document.title !== title) document.title = title;
  setState("current");
}

function rangeOf(text, place) {
  const from = offsetOf(text, place.line, place.column);
  return { from, to: Math.max(from, offsetOf(text, place.end_line ?? place.line, place.end_column ?? place.column + 1)) };
}

function showFaults(faults, text) {
  const placed = faults.map((fault) => {
    const range = fault.place === false || !fault.line ? { from: 0, to: 0 } : rangeOf(text, fault);
    const cures = (fault.fixes ?? []).map((fix) => ({ label: fix.label, apply: () => cure(fix, text) }));
    return { ...fault, ...range, cures, message: [fault.path && `${fault.path}: `, fault.message].filter(Boolean).join("") };
  });
  if (placed.length || byId("faults").firstChild) page.editor.showFaults(placed);
  byId("faults").replaceChildren(...placed.map((fault) => {
    const inside = fault.place !== false && fault.line;
    const where = inside ? `${fault.line}:${fault.column}` : (fault.file ?? "");
    return element("div", { class: `fault ${fault.severity}` },
      inside ? element("button", { class: "link", "aria-label": `Go to line ${fault.line}, column ${fault.column}`, onclick: () => page.editor.reveal(fault.from) }, where) : element("span", {}, where),
      element("div", {},
        element("span", {}, fault.message),
        (fault.lines ?? []).map((line) => element("span", { class: "more" }, line)),
        fault.cure ? element("span", { class: "more" }, fault.cure) : "",
        fault.cures.map((each) => element("button", { class: "cure", onclick: each.apply }, each.label))));
  }));
}

function cure(fix, text) {
  if (page.editor.text() !== text) return; // it is about an older text
  if (fix.size) [page.size, page.fit] = [fix.size, true];
  const edits = (fix.edits ?? []).map((edit) => ({ ...rangeOf(text, edit), insert: edit.text }));
  if (edits.length) page.editor.edit(edits);
  else update();
  page.editor.focus();
}

function showChips(chips) {
  byId("chips").replaceChildren(...chips.map((chip) => {
    const was = chip.was === null || chip.was === undefined ? "not there before" : `was ${plain(chip.was)}`;
    return element("li", {}, element("button", { class: "chip", title: was, onclick: () => chip.line && go(chip) }, `${chip.path}: ${plain(chip.value)}`));
  }));
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Highlights keys of the text, unless it was edited since they were found in it. */
function highlight(keys) {
  if (page.editor.text() !== page.shownText) return;
  const ranges = (keys ?? []).map((key) => rangeOf(page.shownText, key));
  page.editor.highlight(ranges);
  if (ranges.length) page.editor.reveal(ranges[0].from, { focus: false });
}

/** Leads to a place of the text, unless it was edited since the place was found in it. */
function go(place) {
  if (page.editor.text() === page.shownText) page.editor.reveal(rangeOf(page.shownText, place).from);
}

function choosePart(part, { quiet = false } = {}) {
  if (quiet && !part) {
    if (tabs.name === "part") showPart(null);
    return;
  }
  showPart(part, go);
  if (quiet) return;
  highlight(part?.keys);
  if (part) tabs.select("part");
}

function chooseLevel(level) {
  drawing.markLevel(level.level);
  highlight(level.keys);
}

// --- files ------------------------------------------------------------------------------------------------------------

/** Begins with another text, and asks about it. */
async function begin(text, { name, base = text, file = null }) {
  page.base = base;
  page.file = file;
  page.size = null;
  page.fit = true;
  page.saved = text;
  byId("file-name").textContent = name;
  if (page.editor.text() === text) await update();
  else page.editor.setText(text);
}

const example = async (name) => (await page.engine.ask({ do: "example", name })).text;

async function save() {
  const text = page.editor.text();
  if (!page.file) {
    download(`${page.shown?.name || "unet"}.yaml`, text, "text/yaml");
    page.saved = text;
    say("Saved as a download.");
    return;
  }
  const answer = await page.engine.ask({ do: "save", text, digest: page.file.digest });
  if (answer.file) {
    page.file = answer;
    page.saved = text;
    say(`Saved ${answer.file}.`);
  } else if (answer.faults?.some((fault) => fault.code === "file-changed")) {
    const overwrite = attempt(() => {
      page.file.digest = null;
      return save();
    });
    say("Not saved: another program changed the file since it was opened. ", element("button", { onclick: overwrite }, "Save all the same"));
  } else say(`Not saved: ${(answer.faults ?? []).map((fault) => fault.message).join(" ") || answer.refused}`);
}

async function link() {
  const address = await linkOf(page.editor.text());
  const addressField = element("input", { id: "link-text", readonly: true, value: address, "aria-label": "Link that carries this spec", size: "40" });
  const where = page.engine.local ? " It opens on this computer while this server runs. " : " ";
  let words = "The link:";
  try {
    await navigator.clipboard.writeText(address);
    words = "Link copied.";
  } catch {
    words = "Copy this link:";
  }
  say(words, where, addressField);
  addressField.select();
}

// --- start ------------------------------------------------------------------------------------------------------------

/** What makes the editor: of the file that is built, or a plain one where it was not. */
async function editorMaker() {
  const { createEditor } = await import("./editor.js").catch(() => import("./textarea.js"));
  return createEditor;
}

function marked() {
  const text = page.editor.text();
  const offset = page.editor.cursor();
  let end = offset;
  while (end < text.length && /[\w.-]/.test(text[end])) end += 1;
  const place = placeAt(text, end);
  if (!place) return "";
  const key = place.mode === "key" ? [text.slice(place.from, end)].filter(Boolean) : [];
  return [...place.path, ...key].join(".");
}

/** Explains the key or value at the cursor once it rests there. */
function explainSoon() {
  clearTimeout(page.explaining);
  page.explaining = setTimeout(() => {
    const found = page.schema?.explain(page.editor.text(), page.editor.cursor());
    byId("hint").replaceChildren(...(found ? [element("code", {}, found.word), ` ${found.text}`] : []));
  }, PAUSE);
}

function known(path) {
  const place = { path: path.split("."), mode: "value", siblings: new Map() };
  return page.schema ? page.schema.values(page.schema.nodesAt(place)).map((each) => each.label) : [];
}

function listen() {
  byId("undo").addEventListener("click", () => page.editor.undo());
  byId("redo").addEventListener("click", () => page.editor.redo());
  byId("save").addEventListener("click", attempt(save));
  byId("link").addEventListener("click", attempt(link));
  byId("open").addEventListener("click", () => byId("file-input").click());
  byId("file-input").addEventListener("change", attempt(async () => {
    const file = byId("file-input").files[0];
    if (file) await begin(await file.text(), { name: file.name });
    byId("file-input").value = "";
  }));
  byId("example").addEventListener("change", attempt(async () => {
    const name = byId("example").value;
    if (name) await begin(await example(name), { name, base: name });
  }));
  byId("export").addEventListener("click", attempt(async (event) => {
    const kind = event.target.dataset.export;
    if (!kind) return;
    byId("export").open = false;
    if (kind !== "yaml" && document.body.dataset.state !== "current") return say("Nothing exported: the spec has faults.");
    const text = page.editor.text();
    const code = async () => (await page.engine.ask({ do: "details", ...request(text), want: ["code"] })).code;
    await exportAs(kind, { name: page.shown?.name, text, answer: page.shown, code });
    say();
  }));
  const saveByKey = attempt(save);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      saveByKey();
    }
    if (event.key === "Escape") {
      byId("export").open = false;
      hideTip();
    }
  });
  addEventListener("beforeunload", (event) => {
    if (page.file && page.editor.text() !== page.saved) event.preventDefault();
  });
}

function fill(select, examples, first) {
  const families = new Map();
  for (const { name, family, about } of examples) {
    families.set(family, [...(families.get(family) ?? []), element("option", { value: name, title: about }, name)]);
  }
  select.replaceChildren(element("option", { value: "" }, first), ...[...families].map(([family, options]) => element("optgroup", { label: family }, options)));
}

async function start() {
  const maker = editorMaker(); // while Python answers
  tabs = new Tabs(update);
  drawing = new DrawingView(byId("drawing"), (part) => choosePart(part));
  sizes = new SizeControl((size) => {
    [page.size, page.fit] = [size, false];
    update();
  });
  field = new FieldView(byId("panel-field"));
  compare = new CompareView({ changed: update, text: () => page.editor.text(), example });
  study = new StudyView({ ask: (axes) => page.engine.ask({ do: "study", text: page.editor.text(), axes }), marked, known });
  compare.show(null);
  showPart(null);
  setState("starting", "Starting…");
  page.engine = await engine((words, share) => setState("starting", `${words}${share ? ` ${Math.round(100 * share)} %` : ""}`));
  const carried = await textOfLink().catch(() => null);
  const opened = await page.engine.ask({ do: "open" });
  const text = carried ?? opened.text ?? "";
  const early = page.engine.ask({ do: "draw", ...request(text) }); // while the editor is made
  early.then(({ svg }) => svg && drawing.show(svg)).catch(() => {}); // update() says what is wrong
  page.editor = (await maker)(byId("editor"), {
    text,
    label: "Spec",
    changed: () => {
      page.fit = true;
      setState("pending");
      update();
    },
    moved: explainSoon,
    complete: (content, offset) => page.schema?.complete(content, offset) ?? null,
    explain: (content, offset) => page.schema?.explain(content, offset) ?? null,
  });
  document.body.dataset.editor = page.editor.kind;
  listen();
  const file = opened.file ? { file: opened.file, digest: opened.digest } : null;
  if (carried !== null) await begin(carried, { name: "From a link" });
  else if (file) await begin(text, { name: file.file, file });
  else await begin(text, { name: opened.example ?? "Untitled", base: opened.example });
  const [{ schema }, { examples }] = await Promise.all([page.engine.ask({ do: "schema" }), page.engine.ask({ do: "examples" })]);
  page.schema = new Schema(schema);
  fill(byId("example"), examples, "Open an example…");
  fill(compare.select, examples, "Choose an example…");
  document.body.dataset.ready = "yes";
}

start().catch((error) => setState("lost", `The page could not start: ${error.message}`));
