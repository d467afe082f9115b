// The drawing with its parts: each can be pointed at, reached by the keyboard and chosen.
import { element, facts } from "./element.js";
import { hideTip, showTip } from "./tip.js";

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class DrawingView {
  /** `choose(part)` is called with the part that was clicked, or null. */
  constructor(host, choose) {
    this.host = host;
    this.choose = choose;
    this.parts = [];
    this.chosen = null;
    for (const begin of ["pointerover", "focusin"]) host.addEventListener(begin, (event) => this.tip(event.target.closest(".hot")));
    for (const end of ["pointerout", "focusout"]) host.addEventListener(end, hideTip);
    host.addEventListener("click", (event) => this.take(event.target.closest(".hot")));
    host.addEventListener("keydown", (event) => this.key(event));
  }

  show(svg, parts) {
    const name = this.chosen?.id;
    const focused = this.host.contains(document.activeElement);
    hideTip();
    this.parts = parts;
    this.host.innerHTML = svg;
    const drawing = this.host.querySelector("svg");
    if (!drawing) return;
    const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
    const frame = element("div", { class: "drawing-frame" });
    this.host.style.setProperty("--width", width);
    this.host.style.setProperty("--height", height);
    drawing.removeAttribute("width");
    drawing.removeAttribute("height");
    const over = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "parts", role: "group", "aria-label": "Parts of the network" });
    parts.forEach((part, index) => over.append(this.hot(part, index)));
    frame.append(drawing, over);
    this.host.replaceChildren(frame);
    const again = parts.findIndex((part) => part.id === name);
    this.chosen = again < 0 ? null : parts[again];
    const current = this.shapes()[Math.max(again, 0)];
    current?.setAttribute("tabindex", "0");
    if (this.chosen) current.classList.add("chosen");
    if (focused && name) current?.focus({ preventScroll: true });
  }

  hot(part, index) {
    const [x0, y0, x1, y1] = part.box;
    const made = part.way
      ? shape("path", { d: `M${part.way.map((point) => point.join(",")).join("L")}` })
      : shape("rect", { x: x0 - 2, y: y0 - 2, width: x1 - x0 + 4, height: y1 - y0 + 4, rx: 2 });
    made.setAttribute("class", `hot ${part.kind}`);
    made.setAttribute("tabindex", "-1");
    made.setAttribute("role", "button");
    made.setAttribute("aria-label", [part.title, ...part.facts.map(([name, value]) => `${name} ${value}`)].join(", "));
    made.dataset.index = index;
    return made;
  }

  shapes() {
    return [...this.host.querySelectorAll(".hot")];
  }

  take(hot) {
    for (const each of this.shapes()) each.classList.toggle("chosen", each === hot);
    this.chosen = hot ? this.parts[hot.dataset.index] : null;
    this.choose(this.chosen);
  }

  /** Marks all parts of a level. */
  markLevel(level) {
    for (const each of this.shapes()) each.classList.toggle("chosen", this.parts[each.dataset.index].level === level);
    this.chosen = null;
  }

  key(event) {
    const hot = event.target.closest(".hot");
    if (!hot) return;
    const shapes = this.shapes();
    const index = shapes.indexOf(hot);
    const next = { ArrowRight: index + 1, ArrowDown: index + 1, ArrowLeft: index - 1, ArrowUp: index - 1, Home: 0, End: shapes.length - 1 }[event.key];
    if (next !== undefined && shapes[next]) {
      hot.setAttribute("tabindex", "-1");
      shapes[next].setAttribute("tabindex", "0");
      shapes[next].focus();
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      this.take(hot);
      event.preventDefault();
    } else if (event.key === "Escape") this.take(null);
  }

  tip(hot) {
    const part = hot && this.parts[hot.dataset.index];
    if (part) showTip(hot.getBoundingClientRect(), element("strong", {}, part.title), facts(part.facts));
    else hideTip();
  }
}
