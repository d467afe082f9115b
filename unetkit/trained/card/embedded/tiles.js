// The tiles of an image, as unetkit cuts them, from the table that tile_table.py writes. No part of a page: see worker.js.

/** The row of an image size: [input, before, first, output, low, after, most] (see `Row` in tile_table.py). */
function rowOf({ period, rows }, image) {
  if (image <= rows.length) return rows[image - 1];
  const ahead = Math.ceil((image - rows.length) / period);
  const [input, before, first, output, low, after, most] = rows[image - ahead * period - 1];
  return [input + ahead * period, before, first, output + ahead * period, low, after, most + ahead];
}

/** The tiles of one axis of an image: their size, and where each reads and which pixels it gives. */
function axisTiles(axis, image, limit) {
  const [input, before, first, output, low, after, most] = rowOf(axis, image);
  const frame = { input, before, first, same: input === output };
  const end = first + image;
  const whole = { ...frame, size: input, cuts: [{ start: 0, low: first, high: end }] };
  if (limit === null || input <= limit) return whole;
  const { period } = axis;
  const last = input - after;
  const length = Math.floor((last - low + 1) / period);
  const periods = Math.min(most, Math.max(0, length - 1), Math.ceil((input - limit) / period));
  if (periods <= 0) return whole;
  const size = input - periods * period;
  const stride = (length - periods) * period;
  const kept = last + 1 - input + size;
  const toEnd = Math.max(0, Math.ceil((end - kept) / stride));
  const final = Math.min(toEnd, Math.ceil((input - size) / stride));
  const begin = Math.min(Math.max(0, Math.floor((first - kept) / stride) + 1), final);
  const cuts = [];
  for (let number = begin; number <= final; number += 1) {
    const start = number * stride;
    cuts.push({
      start: Math.min(start, input - size),
      low: number === begin ? first : start - stride + kept,
      high: number === final ? end : start + kept,
    });
  }
  return { ...frame, size, cuts };
}

/** The sample of an axis that is read at a position beyond its border. */
function sourceAt(position, image, mode) {
  if (mode !== "reflect" || image === 1) return Math.min(Math.max(position, 0), image - 1);
  const period = 2 * (image - 1);
  const folded = ((position % period) + period) % period;
  return Math.min(folded, period - folded);
}

/** The samples that a tile reads of an axis; −1 where there is none but the background. */
function positions(start, size, image, mode) {
  return Int32Array.from({ length: size }, (_, index) => {
    const position = start + index;
    return mode === "zeros" && (position < 0 || position >= image) ? -1 : sourceAt(position, image, mode);
  });
}
