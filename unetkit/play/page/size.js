// The image size: a slider over the sizes that fit, a field for any other, and what a size costs at the border.
import { byId, sizeWords } from "./element.js";

export class SizeControl {
  /** `changed(size)` is called with the size that was chosen. */
  constructor(changed) {
    this.slider = byId("size-slider");
    this.field = byId("size-text");
    this.words = byId("size-words");
    this.stops = [];
    this.dims = 2;
    this.slider.addEventListener("input", () => {
      const stop = this.stops[this.slider.value];
      this.tell(stop);
      changed(stop.size);
    });
    this.field.addEventListener("change", () => {
      const numbers = this.field.value.match(/\d+/g)?.map(Number);
      if (!numbers) return;
      changed(Array.from({ length: this.dims }, (_, axis) => numbers[axis] ?? numbers.at(-1)));
    });
  }

  show(sizes, size, outputSize) {
    this.dims = size.length;
    this.stops = sizes.stops;
    this.slider.disabled = this.stops.length < 2;
    this.slider.max = Math.max(0, this.stops.length - 1);
    const distance = (stop) => stop.size.reduce((sum, each, axis) => sum + Math.abs(each - size[axis]), 0);
    const nearest = this.stops.reduce((best, stop, index) => (distance(stop) < distance(this.stops[best]) ? index : best), 0);
    this.slider.value = nearest;
    const exact = this.stops[nearest] && distance(this.stops[nearest]) === 0;
    this.tell(exact ? this.stops[nearest] : { size, output: outputSize, words: sizes.words });
  }

  tell({ size, output, margin, shift, dropped, words }) {
    if (document.activeElement !== this.field) this.field.value = size.join(" × ");
    const parts = [output && `result ${sizeWords(output)}`];
    if (margin?.some(Boolean)) parts.push(`margin ${sizeWords(margin)}`);
    parts.push(...[words].flat().filter(Boolean));
    if (!words && shift) parts.push(`shift ${shift}`);
    if (!words && dropped) parts.push(`dropped ${dropped}`);
    this.words.textContent = parts.filter(Boolean).join(" · ");
    this.slider.setAttribute("aria-valuetext", sizeWords(size));
  }
}
