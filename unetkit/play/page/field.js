// The receptive field over an example image: the image, the region of the result, and what one pixel of it sees.
import { element, sizeWords } from "./element.js";

const WIDEST = 380; // pixels of the page

export class FieldView {
  constructor(host) {
    this.canvas = element("canvas", { tabindex: "0", role: "img" });
    this.words = element("p", { class: "note" });
    this.file = element("input", { type: "file", accept: "image/*", id: "field-image" });
    this.at = [0.5, 0.5]; // of the result, from 0 to 1
    this.image = null;
    host.append(
      element("p", { class: "note" }, "What one pixel of the result sees of the image. Move it with the pointer or the arrow keys."),
      this.canvas,
      this.words,
      element("label", { class: "note", for: "field-image" }, "Another image (it stays in this page): ", this.file),
    );
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.file.addEventListener("change", () => this.load(this.file.files[0]));
  }

  show(size, output, field) {
    this.size = size.slice(-2);
    this.output = (output ?? size).slice(-2);
    this.field = (field ?? size).slice(-2).map((each, axis) => each ?? this.size[axis]);
    if (this.size.length === 1) {
      const height = Math.max(8, Math.round(this.size[0] / 8));
      for (const each of [this.size, this.output, this.field]) each.unshift(height);
      this.field[0] = height;
    }
    this.all = { size, output, field };
    this.paint();
  }

  async load(file) {
    if (!file) return;
    try {
      this.image = await createImageBitmap(file);
      this.paint();
    } catch {
      this.words.textContent = `The browser cannot show ${file.name} as an image.`;
    }
  }

  point(event) {
    if (!this.size) return;
    const frame = this.canvas.getBoundingClientRect();
    const place = [(event.clientY - frame.top) / frame.height, (event.clientX - frame.left) / frame.width];
    this.at = place.map((share, axis) => {
      const margin = (this.size[axis] - this.output[axis]) / 2;
      return Math.min(1, Math.max(0, (share * this.size[axis] - margin) / this.output[axis]));
    });
    this.paint();
  }

  key(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    this.at = this.at.map((share, axis) => Math.min(1, Math.max(0, share + step[axis] * 0.05)));
    this.paint();
    event.preventDefault();
  }

  paint() {
    if (!this.size) return;
    const [height, width] = this.size;
    const scale = Math.min(WIDEST / width, WIDEST / height);
    const sharp = devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(width * scale * sharp));
    this.canvas.height = Math.max(1, Math.round(height * scale * sharp));
    this.canvas.style.width = `${Math.round(width * scale)}px`;
    const context = this.canvas.getContext("2d");
    context.setTransform(scale * sharp, 0, 0, scale * sharp, 0, 0);
    if (this.image) context.drawImage(this.image, 0, 0, width, height);
    else cells(context, width, height);
    const margins = this.size.map((each, axis) => (each - this.output[axis]) / 2);
    const centre = this.at.map((share, axis) => margins[axis] + share * this.output[axis]);
    context.fillStyle = "#0009"; // what is outside of the receptive field
    context.beginPath();
    context.rect(0, 0, width, height);
    const [top, left] = centre.map((each, axis) => each - this.field[axis] / 2);
    context.rect(left, top, this.field[1], this.field[0]);
    context.fill("evenodd");
    const line = 1.5 / scale;
    outline(context, line * 1.4, "#ffd166", left, top, this.field[1], this.field[0]);
    outline(context, line, "#ffffff", margins[1], margins[0], this.output[1], this.output[0], [5 / scale, 4 / scale]);
    context.fillStyle = "#ffd166";
    context.fillRect(centre[1] - 2.5 / scale, centre[0] - 2.5 / scale, 5 / scale, 5 / scale);
    const { size, output, field } = this.all;
    const seen = field?.every((each) => each !== null) ? `a receptive field of ${sizeWords(field)}` : "the whole image";
    this.words.textContent = `Image ${sizeWords(size)}, result ${sizeWords(output)} (dashed), one pixel sees ${seen} (yellow).`;
    this.canvas.setAttribute("aria-label", this.words.textContent);
  }
}

function outline(context, width, colour, x, y, w, h, dashes = []) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.setLineDash(dashes);
  context.strokeRect(x, y, w, h);
}

/** Cells as a fluorescence microscope shows them: the same ones each time. */
function cells(context, width, height) {
  context.fillStyle = "#10151b";
  context.fillRect(0, 0, width, height);
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const unit = Math.max(width, height);
  for (let index = 0; index < 46; index += 1) {
    const [x, y, radius] = [random() * width, random() * height, unit * (0.025 + 0.035 * random())];
    const light = 90 + Math.round(110 * random());
    context.save();
    context.translate(x, y);
    context.rotate(random() * Math.PI);
    context.scale(1, 0.6 + 0.4 * random());
    const glow = context.createRadialGradient(0, 0, 0, 0, 0, radius);
    glow.addColorStop(0, `rgb(${light} ${light + 30} ${light + 40})`);
    glow.addColorStop(0.75, `rgb(${light * 0.7} ${light * 0.75} ${light * 0.8})`);
    glow.addColorStop(1, "transparent");
    context.fillStyle = glow;
    context.beginPath();
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    context.fill();
    context.restore();
  }
}
