// A plain text area with line numbers, marked faults and hover: the editor where CodeMirror was not built.
import { hideTip, showTip } from "./tip.js";

const PAUSE = 300; // milliseconds that the pointer rests before a key is explained

export function createEditor(parent, { text, label, changed, moved, explain }) {
  parent.innerHTML =
    '<div class="plain-editor"><pre class="plain-numbers" aria-hidden="true"></pre>' +
    '<div class="plain-paper"><pre class="plain-marks" aria-hidden="true"></pre><textarea wrap="off" spellcheck="false" ' +
    'autocapitalize="off" autocomplete="off"></textarea></div></div>';
  const [numbers, marks] = parent.querySelectorAll("pre");
  const area = parent.querySelector("textarea");
  let faults = [];
  let chosen = [];
  area.value = text;
  area.setAttribute("aria-label", label);

  function paint() {
    const value = area.value;
    const count = value.split("\n").length;
    const faulty = new Set(faults.map((fault) => value.slice(0, fault.from).split("\n").length));
    const numbered = [count, ...faulty].join();
    if (numbers.dataset.of !== numbered) {
      numbers.dataset.of = numbered;
      numbers.replaceChildren(
        ...Array.from({ length: count }, (_, index) => {
          const line = document.createElement("span");
          line.textContent = `${index + 1}\n`;
          if (faulty.has(index + 1)) line.className = "faulty";
          return line;
        }),
      );
    }
    const edges = new Set([0, value.length]);
    const spans = [
      ...faults.map((each) => ({ ...each, to: Math.max(each.to, each.from + 1), look: `mark-${each.severity}` })),
      ...chosen.map((each) => ({ ...each, look: "chosen-key" })),
    ].map((each) => ({ ...each, from: Math.min(each.from, value.length), to: Math.min(each.to, value.length) }));
    for (const span of spans) edges.add(span.from).add(span.to);
    const cuts = [...edges].sort((a, b) => a - b);
    const pieces = cuts.slice(1).map((to, index) => {
      const from = cuts[index];
      const looks = spans.filter((span) => span.from <= from && span.to >= to).map((span) => span.look);
      const piece = document.createElement("span");
      piece.className = looks.join(" ");
      piece.textContent = value.slice(from, to);
      return piece;
    });
    if (spans.length) marks.replaceChildren(...pieces, "\n");
    else marks.textContent = "";
    follow();
  }

  function follow() {
    numbers.style.transform = `translateY(${-area.scrollTop}px)`;
    marks.style.transform = `translate(${-area.scrollLeft}px, ${-area.scrollTop}px)`;
  }

  function edited() {
    faults = [];
    chosen = [];
    paint();
    changed();
  }

  let resting;
  function hide() {
    clearTimeout(resting);
    hideTip();
  }

  /** Explains the key under the pointer, in browsers that can tell which it is. */
  function hover({ clientX, clientY }) {
    hide();
    resting = setTimeout(() => {
      const caret = document.caretPositionFromPoint?.(clientX, clientY);
      const found = caret?.offsetNode === area && explain(area.value, caret.offset);
      if (found) showTip({ left: clientX, width: 0, top: clientY - 10, bottom: clientY + 10 }, found.text);
    }, PAUSE);
  }

  area.addEventListener("input", edited);
  area.addEventListener("scroll", follow);
  area.addEventListener("selectionchange", moved);
  area.addEventListener("pointermove", hover);
  for (const end of ["pointerleave", "pointerdown", "scroll", "input"]) area.addEventListener(end, hide);
  paint();
  return {
    kind: "textarea",
    text: () => area.value,
    cursor: () => area.selectionStart,
    /** Makes several edits, {from, to, insert} each, one step of undo. */
    edit(edits) {
      const [from, to] = [Math.min(...edits.map((each) => each.from)), Math.max(...edits.map((each) => each.to))];
      let content = area.value;
      for (const each of [...edits].sort((a, b) => b.from - a.from)) {
        content = content.slice(0, each.from) + each.insert + content.slice(each.to);
      }
      this.replace(from, to, content.slice(from, content.length - (area.value.length - to)));
    },
    replace(from, to, insert) {
      if (from === to && !insert) return; // "delete" would take the character before it
      area.focus();
      area.setSelectionRange(from, to);
      // The deprecated command is the only one that leaves the edit in the browser's own history of undo.
      const done = document.execCommand(insert ? "insertText" : "delete", false, insert);
      if (!done) {
        area.setRangeText(insert, from, to, "end");
        edited();
      }
    },
    setText(value) {
      if (value !== area.value) this.replace(0, area.value.length, value);
    },
    showFaults(found) {
      faults = found;
      paint();
    },
    highlight(ranges) {
      chosen = ranges;
      paint();
    },
    reveal(from, { focus = true } = {}) {
      const line = area.value.slice(0, from).split("\n").length - 1;
      const height = parseFloat(getComputedStyle(area).lineHeight);
      area.scrollTop = Math.max(0, line * height - area.clientHeight / 2);
      if (focus) {
        area.focus();
        area.setSelectionRange(from, from);
      }
    },
    undo: () => document.execCommand("undo"),
    redo: () => document.execCommand("redo"),
    focus: () => area.focus(),
  };
}
