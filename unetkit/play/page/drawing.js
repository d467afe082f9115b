// The drawing with its parts: each can be pointed at, reached by the keyboard and chosen.
import { element, facts } from "./element.js";
import { hideTip, showTip } from "./tip.js";

const SVG = "http://www.w3.org/2000/svg";
const STYLE = /^(.*?)<style>(.*?)<\/style>(.*)$/s; // set once: the styles of a page are computed anew where one comes or goes

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
    this.style = document.head.appendChild(element("style"));
    for (const begin of ["pointerover", "focusin"]) host.addEventListener(begin, (event) => this.tip(event.target.closest(".hot")));
    for (const end of ["pointerout", "focusout"]) host.addEventListener(end, hideTip);
    host.addEventListener("click", (event) => this.take(event.target.closest(".hot")));
    host.addEventListener("keydown", (event) => this.key(event));
  }

  /** Shows a drawing as SVG text; its parts follow, so that the drawing need not wait for them. */
  show(svg) {
    this.wasFocused ||= this.host.contains(document.activeElement);
    hideTip();
    this.parts = [];
    const [, start, rules, rest] = STYLE.exec(svg);
    if (this.style.textContent !== rules) this.style.textContent = rules;
    const frame = element("div", { class: "drawing-frame" });
    frame.innerHTML = start + rest;
    const drawing = frame.firstChild;
    [this.width, this.height] = drawing.getAttribute("viewBox").split(" ").slice(2);
    this.host.style.setProperty("--width", this.width);
    this.host.style.setProperty("--height", this.height);
    drawing.removeAttribute("width");
    drawing.removeAttribute("height");
    this.host.replaceChildren(frame);
  }

  /** Lays the parts over the drawing. The one that was chosen stays so. */
  showParts(parts) {
    this.parts = parts;
    const over = shape("svg", { viewBox: `0 0 ${this.width} ${this.height}`, class: "parts", role: "group", "aria-label": "Parts of the network" });
    const shapes = parts.map((part, index) => this.hot(part, index));
    over.append(...shapes);
    const again = parts.findIndex((part) => part.id === this.chosen?.id);
    this.chosen = again < 0 ? null : parts[again];
    const current = shapes[Math.max(again, 0)];
    current?.setAttribute("tabindex", "0");
    if (this.chosen) current.classList.add("chosen");
    this.host.querySelector(".parts")?.remove();
    this.host.querySelector(".drawing-frame").append(over);
    if (this.wasFocused && this.chosen && document.activeElement === document.body) current.focus({ preventScroll: true });
    this.wasFocused = false;
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
