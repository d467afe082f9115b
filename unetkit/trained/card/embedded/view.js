// The section of the card in which its reader tries the network: an image goes in, its classes are shown over it.
{
  const byId = (id) => document.getElementById(id);
  const card = JSON.parse(byId("try-card").textContent);
  const area = byId("try");
  const [photo, overlay] = [byId("try-image"), byId("try-labels")];
  let worker = null;
  let shown = null; // {width, height, labels}

  const say = (state, words) => {
    area.dataset.state = state;
    byId("try-state").textContent = words;
  };

  /** The bytes of a script element: base 64 of what gzip made. */
  async function unpacked(id) {
    const bytes = Uint8Array.from(atob(byId(id).textContent.trim()), (letter) => letter.charCodeAt(0));
    return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  }

  /** The worker, which has the network ready; it is started for the first image. */
  async function started() {
    const made = new Worker(URL.createObjectURL(new Blob([await unpacked("try-program")], { type: "text/javascript" })));
    return new Promise((resolve, reject) => {
      made.addEventListener("message", ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve(made)), { once: true });
      made.addEventListener("error", (event) => reject(new Error(event.message || "the network did not start")), { once: true });
      Promise.all([unpacked("try-runtime"), unpacked("try-network")]).then(([code, network]) => made.postMessage({ card, code, network }), reject);
    });
  }

  function answered(image) {
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.failed) reject(new Error(data.failed));
        else if (data.labels) resolve(data.labels);
        else if (data.of > 1) say("busy", `Tile ${data.done} of ${data.of} …`);
      };
      worker.postMessage({ image }, [image.data.buffer]);
    });
  }

  async function show(file) {
    if (area.dataset.state === "busy") return;
    try {
      say("busy", worker ? "Computing …" : "Starting the network …");
      const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" }).catch(() => {
        throw new Error("This browser cannot open this file as an image. PNG and JPEG work everywhere.");
      });
      const { width, height } = bitmap;
      for (const canvas of [photo, overlay]) [canvas.width, canvas.height] = [width, height];
      const context = photo.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      byId("try-result").hidden = false;
      const { data } = context.getImageData(0, 0, width, height);
      worker ??= await started();
      say("busy", "Computing …");
      const begun = performance.now();
      shown = { width, height, labels: await answered({ data, width, height }) };
      paint();
      byId("try-save").disabled = false;
      say("done", `${file.name ?? "The image"}: ${width} × ${height} pixels in ${((performance.now() - begun) / 1000).toFixed(1)} seconds.`);
    } catch (error) {
      say("failed", error.message);
    }
  }

  /** The labels as an image, with the numbers or the colours of the classes. */
  function picture({ width, height, labels }, coloured) {
    const image = new ImageData(width, height);
    labels.forEach((label, pixel) => {
      const [red, green, blue] = coloured ? card.colours[label] : [label, label, label];
      image.data.set([red, green, blue, coloured && label === 0 ? 0 : 255], 4 * pixel);
    });
    return image;
  }

  function paint() {
    overlay.getContext("2d").putImageData(picture(shown, true), 0, 0);
    const counts = card.classes.map(() => 0);
    for (const label of shown.labels) counts[label] += 1;
    counts.forEach((count, label) => (byId(`try-share-${label}`).textContent = ` ${((100 * count) / shown.labels.length).toFixed(1)} %`));
  }

  function save() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [shown.width, shown.height];
    canvas.getContext("2d").putImageData(picture(shown, false), 0, 0);
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "labels.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  byId("try-file").addEventListener("change", ({ target }) => target.files[0] && show(target.files[0]));
  byId("try-save").addEventListener("click", save);
  byId("try-opacity").addEventListener("input", ({ target }) => (overlay.style.opacity = target.value / 100));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    area.addEventListener(kind, (event) => {
      event.preventDefault();
      area.classList.toggle("over", kind === "dragover");
      const file = kind === "drop" && event.dataTransfer.files[0];
      if (file) show(file);
    });
  }
}
