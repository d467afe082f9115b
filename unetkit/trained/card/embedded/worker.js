// Runs the network of the card on an image, in a worker. Beside it in the worker: runtime.js (`ort`) and tiles.js.
let session, card;

const BINS = 65536;

/** The image as the network takes it: (channels, height × width) in floats. */
function channelsOf({ data, width, height }) {
  const count = width * height;
  if (card.channels === 1) {
    for (let pixel = 0; pixel < count; pixel += 1) {
      if (data[4 * pixel] !== data[4 * pixel + 1] || data[4 * pixel] !== data[4 * pixel + 2]) {
        throw new Error("This image has colours; the network was trained on grey images.");
      }
    }
  }
  return card.take.map((channel) => {
    const values = Float32Array.from({ length: count }, (_, pixel) => data[4 * pixel + channel]);
    const [shift, scale] = scaling(values);
    if (shift === 0 && scale === 1) return values;
    const clip = card.normalization.type === "percentile";
    for (let pixel = 0; pixel < count; pixel += 1) {
      const value = Math.fround(Math.fround(values[pixel] - shift) / scale);
      values[pixel] = clip ? Math.min(Math.max(value, 0), 1) : value;
    }
    return values;
  });
}

/** Shift and scale of a channel by its own statistics; the network itself holds those of the training images. */
function scaling(values) {
  const { type, low, high } = card.normalization;
  if (type === "image") {
    let [total, squares] = [0, 0];
    for (const value of values) [total, squares] = [total + value, squares + value * value];
    const mean = total / values.length;
    const deviation = Math.sqrt(Math.max(squares / values.length - mean * mean, 0));
    return [Math.fround(mean), deviation > 1e-6 * Math.max(Math.abs(mean), 1e-30) ? Math.fround(deviation) : 1];
  }
  if (type !== "percentile") return [0, 1];
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  const width = most > least ? (most - least) / BINS : 1;
  const counts = new Float64Array(BINS);
  for (const value of values) counts[Math.min(Math.floor((value - least) / width), BINS - 1)] += 1;
  const at = (share) => {
    let [below, bin] = [counts[0], 0];
    while (below < (share / 100) * values.length && bin < BINS - 1) below += counts[(bin += 1)];
    return least + bin * width;
  };
  const [from, to] = [at(low), at(high)];
  return [Math.fround(from), to > from ? Math.fround(to - from) : 1];
}

/** The tiles of an image; throws where it is too large for a network that sees the whole image. */
function tilesOf({ width, height }) {
  const { axes, exact, tile } = card.geometry;
  const limit = exact ? tile : null;
  const found = [axisTiles(axes[0], height, limit), axisTiles(axes[1], width, limit)];
  if (!exact && found[0].size * found[1].size > tile * tile) {
    const most = `${tile} × ${tile}`;
    throw new Error(`This network sees the whole image, and in the browser at most about ${most} pixels. Use unetkit predict.`);
  }
  return found;
}

/** The class of each pixel, tile by tile. */
async function label(image) {
  const { width, height } = image;
  const [rows, columns] = tilesOf(image);
  const channels = channelsOf(image);
  const same = rows.same && columns.same;
  const mode = same ? card.geometry.padding : "reflect";
  const labels = new Uint8Array(width * height);
  const size = rows.size * columns.size;
  let done = 0;
  for (const row of rows.cuts) {
    const across = positions(row.start - rows.before, rows.size, height, mode);
    for (const column of columns.cuts) {
      const along = positions(column.start - columns.before, columns.size, width, mode);
      const input = new Float32Array(channels.length * size);
      channels.forEach((values, channel) => {
        let target = channel * size;
        for (const y of across) {
          for (const x of along) input[target++] = y < 0 || x < 0 ? card.background[channel] : values[y * width + x];
        }
      });
      const tensor = new ort.Tensor("float32", input, [1, channels.length, rows.size, columns.size]);
      const output = (await session.run({ [card.input]: tensor }))[card.output];
      take(output, { row, column, rows, columns, width }, labels);
      postMessage({ done: (done += 1), of: rows.cuts.length * columns.cuts.length });
    }
  }
  return labels;
}

/** Writes the classes of the pixels that a tile gives. */
function take({ data, dims }, { row, column, rows, columns, width }, labels) {
  const [, count, height, across] = dims;
  const plane = height * across;
  for (let y = row.low; y < row.high; y += 1) {
    for (let x = column.low; x < column.high; x += 1) {
      const place = (y - row.start) * across + x - column.start;
      let best = count > 1 ? 0 : Number(data[place] > card.threshold);
      for (let each = 1; each < count; each += 1) if (data[each * plane + place] > data[best * plane + place]) best = each;
      labels[(y - rows.first) * width + x - columns.first] = best;
    }
  }
}

addEventListener("message", async ({ data }) => {
  try {
    if (data.card) {
      card = data.card;
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.wasmBinary = data.code;
      session = await ort.InferenceSession.create(data.network, { executionProviders: ["wasm"] });
      postMessage({ ready: true });
    } else {
      const labels = await label(data.image);
      postMessage({ labels }, [labels.buffer]);
    }
  } catch (error) {
    postMessage({ failed: error.message });
  }
});
