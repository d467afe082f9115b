// The tooltip: one for the whole page, beside what it is about.
import { byId } from "./element.js";

const APART = 8; // pixels from what it is about, and from the edges of the window

/** Shows the tooltip below a frame, or above it where there is no room below. */
export function showTip({ left, top, bottom, width }, ...children) {
  const tip = byId("tip");
  tip.replaceChildren(...children);
  tip.hidden = false;
  const own = tip.getBoundingClientRect();
  const isBelow = bottom + APART + own.height < innerHeight;
  tip.style.left = `${Math.min(Math.max(APART, left + width / 2 - own.width / 2), innerWidth - own.width - APART)}px`;
  tip.style.top = `${isBelow ? bottom + APART : Math.max(APART, top - own.height - APART)}px`;
}

export function hideTip() {
  byId("tip").hidden = true;
}
