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
      this.field.value = stop.size.join(" × ");
      this.slider.setAttribute("aria-valuetext", sizeWords(stop.size));
      changed(stop.size);
    });
    this.field.addEventListener("change", () => {
      const numbers = this.field.value.match(/\d+/g)?.map(Number);
      if (!numbers) return;
      changed(Array.from({ length: this.dims }, (_, axis) => numbers[axis] ?? numbers.at(-1)));
    });
  }

  show({ stops, current }) {
    this.dims = current.size.length;
    this.stops = stops;
    this.slider.disabled = stops.length < 2;
    this.slider.max = Math.max(0, stops.length - 1);
    const distance = (stop) => stop.size.reduce((sum, each, axis) => sum + Math.abs(each - current.size[axis]), 0);
    const distances = stops.map(distance);
    this.slider.value = Math.max(0, distances.indexOf(Math.min(...distances)));
    this.tell(current);
  }

  tell({ size, output, margin, aligned, shift, dropped }) {
    if (document.activeElement !== this.field) this.field.value = size.join(" × ");
    const parts = [`result ${sizeWords(output)}`, `margin ${margin.some(Boolean) ? sizeWords(margin) : "none"}`];
    if (shift) parts.push(`encoder and decoder up to ${shift} pixels apart`);
    if (dropped) parts.push(`${dropped} ${dropped === 1 ? "sample" : "samples"} dropped`);
    if (aligned) parts.push("aligned");
    this.words.textContent = parts.join(" · ");
    this.slider.setAttribute("aria-valuetext", sizeWords(size));
  }
}
