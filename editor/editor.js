// The text editor with colours, completion and hover. Where it was not built, the page takes textarea.js instead, which
// exports the same function.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, redo, undo } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorSelection, EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const setRanges = StateEffect.define();
const chosenRanges = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setRanges)) {
        const marks = effect.value.map(({ from, to }) => Decoration.mark({ class: "chosen-key" }).range(from, to));
        return Decoration.set(marks, true);
      }
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * An editor in `parent`. `changed()` is called after every edit, `moved()` when the cursor moved too, `complete(text, offset)` gives
 * `{from, options: [{label, detail, info, apply}]}` or null, `explain(text, offset)` gives `{from, to, text}` or null.
 */
export function createEditor(parent, { text, label, changed, moved, complete, explain }) {
  const source = (context) => {
    const found = complete(context.state.doc.toString(), context.pos);
    if (!found || (!context.explicit && found.from === context.pos)) return null;
    return { from: found.from, options: found.options, validFor: /^[\w.-]*$/ };
  };
  const tooltip = hoverTooltip((view, offset) => {
    const found = explain(view.state.doc.toString(), offset);
    if (!found) return null;
    return {
      pos: found.from,
      end: found.to,
      above: true,
      create() {
        const dom = document.createElement("div");
        dom.className = "explanation";
        dom.textContent = found.text;
        return { dom };
      },
    };
  });
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        indentUnit.of("  "), EditorState.tabSize.of(2), highlightActiveLine(), highlightActiveLineGutter(),
        highlightSelectionMatches(), yaml(), syntaxHighlighting(classHighlighter), chosenRanges, tooltip,
        autocompletion({ override: [source], activateOnTyping: true }),
        keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed();
          if (update.docChanged || update.selectionSet) moved();
        }),
      ],
    }),
  });
  const inside = ({ from, to }) => {
    const end = view.state.doc.length;
    return { from: Math.min(from, end), to: Math.min(Math.max(from, to), end) };
  };
  return {
    kind: "codemirror",
    text: () => view.state.doc.toString(),
    cursor: () => view.state.selection.main.head,
    /** Makes several edits, {from, to, insert} each, one step of undo. */
    edit(edits) {
      view.dispatch({ changes: edits.map((each) => ({ ...inside(each), insert: each.insert })), userEvent: "input" });
    },
    setText(value) {
      if (value !== view.state.doc.toString()) this.edit([{ from: 0, to: view.state.doc.length, insert: value }]);
    },
    showFaults(faults) {
      const diagnostics = faults.map((fault) => ({
        ...inside(fault),
        severity: fault.severity,
        message: fault.message,
        actions: fault.cures.map((cure) => ({ name: cure.label, apply: cure.apply })),
      }));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    highlight(ranges) {
      view.dispatch({ effects: setRanges.of(ranges.map(inside).filter(({ from, to }) => from < to)) });
    },
    reveal(from, { focus = true } = {}) {
      const at = inside({ from, to: from }).from;
      view.dispatch({
        ...(focus && { selection: EditorSelection.cursor(at) }),
        effects: EditorView.scrollIntoView(at, { y: "center" }),
      });
      if (focus) view.focus();
    },
    undo: () => undo(view),
    redo: () => redo(view),
    focus: () => view.focus(),
  };
}
