// A link that carries the spec, and files for other programs.
import { download } from "./element.js";

async function through(stream, content) {
  return new Uint8Array(await new Response(new Blob([content]).stream().pipeThrough(stream)).arrayBuffer());
}

/** The address of this page with the text in its fragment, which browsers never send to a server. */
export async function linkOf(text) {
  const packed = await through(new CompressionStream("deflate-raw"), text);
  const letters = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  const address = new URL(location.href);
  address.hash = `spec=${letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
  return address.href;
}

/** The text that the address of this page carries, or null. */
export async function textOfLink() {
  const found = /^#spec=([\w-]+)$/.exec(location.hash);
  if (!found) return null;
  const packed = Uint8Array.from(atob(found[1].replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), packed));
}

/** The drawing as a PNG of twice its size, in the colours that the page has now. */
export async function pngOf(svg) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * image.naturalWidth;
    canvas.height = 2 * image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

export async function exportAs(kind, { name, text, answer, code }) {
  const stem = (name || "unet").replace(/[^\w.-]+/g, "-");
  if (kind === "svg") download(`${stem}.svg`, answer.svg, "image/svg+xml");
  if (kind === "png") download(`${stem}.png`, await pngOf(answer.svg), "image/png");
  if (kind === "yaml") download(`${stem}.yaml`, text, "text/yaml");
  if (kind === "py") download(`${stem}.py`, await code(), "text/x-python");
}
