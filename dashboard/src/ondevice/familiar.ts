import { unzipSync } from "fflate";

/** The port of `visionflow.answers.familiarity`. */

const NEIGHBOUR = 5;
const OF_NEIGHBOURS = 0.2;
const OF_CLASS = 0.3;

interface Part {
  shape: number[];
  values: Float32Array;
}

/** Training images as directions of their embeddings, from the file beside the model. */
export class FamiliarImages {
  /** [D, F], [M, D], [M] and [C]. */
  readonly #axes: Part;
  readonly #directions: Part;
  readonly #neighbourhood: Part;
  readonly #classMean: Part;

  /** Throws an `Error` for what is not such a file. */
  constructor(file: Uint8Array) {
    const parts = unzipSync(file);
    this.#axes = part(parts, "axes");
    this.#directions = part(parts, "directions");
    this.#neighbourhood = part(parts, "neighbourhood");
    this.#classMean = part(parts, "class_mean");
    if (this.#directions.shape[1] !== this.#axes.shape[0]) {
      throw new Error("the familiar images have shapes that do not fit");
    }
  }

  /** Higher for what is more familiar. `answer` is the index of the best label. */
  familiarity(embedding: Float32Array, answer: number): number {
    const [axes = 0, features = 0] = this.#axes.shape;
    if (features !== embedding.length) {
      throw new Error("the familiar images are those of another model");
    }
    const direction = product(this.#axes.values, axes, unit(embedding));
    const similarities = product(
      this.#directions.values,
      this.#directions.shape[0] ?? 0,
      direction,
    );
    const nearest = largest(similarities, NEIGHBOUR);
    const kth = Math.min(...nearest.map((i) => similarities[i] ?? 0));
    const around =
      nearest.reduce((sum, i) => sum + (this.#neighbourhood.values[i] ?? 0), 0) / nearest.length;
    const ofClass = this.#classMean.values[answer] ?? 0;
    return kth - OF_NEIGHBOURS * around - OF_CLASS * ofClass;
  }
}

/** How much RGB rows of `size` by `size` change within one pixel, compared with two. */
export function finestDetail(rgb: Uint8Array, size: number): number {
  const one = change(rgb, size, 1);
  return one > 0 ? one / change(rgb, size, 2) : 0.5;
}

/** The mean difference of green at this distance, in both directions. */
function change(rgb: Uint8Array, size: number, pixels: number): number {
  let sum = 0;
  const down = pixels * size * 3;
  for (let at = 1; at + down < rgb.length; at += 3) {
    sum += Math.abs((rgb[at + down] ?? 0) - (rgb[at] ?? 0));
  }
  for (let y = 0; y < size; y++) {
    for (let x = pixels, at = (y * size + pixels) * 3 + 1; x < size; x++, at += 3) {
      sum += Math.abs((rgb[at] ?? 0) - (rgb[at - pixels * 3] ?? 0));
    }
  }
  return sum / (size * (size - pixels));
}

/** `matrix` [rows, n] times `vector` [n]. */
function product(matrix: Float32Array, rows: number, vector: Float32Array): Float32Array {
  const out = new Float32Array(rows);
  const n = vector.length;
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < n; i++, at++) sum += (matrix[at] ?? 0) * (vector[i] ?? 0);
    out[row] = sum;
  }
  return out;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / Math.max(length, 2 ** -126));
}

/** The indices of the `count` largest values, in no order. */
function largest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  values.forEach((value, i) => {
    if (found.length === count && !(value > (values[found[count - 1] ?? 0] ?? 0))) return;
    if (found.length === count) found.pop();
    const place = found.findIndex((other) => value > (values[other] ?? 0));
    found.splice(place === -1 ? found.length : place, 0, i);
  });
  return found;
}

/** An array of a NumPy archive, in half precision and row by row. */
function part(parts: Record<string, Uint8Array>, name: string): Part {
  const data = parts[`${name}.npy`];
  if (data === undefined) throw new Error(`the familiar images have no ${name}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
  const wide = view.getUint8(6) > 1;
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(data.subarray(0, start));
  const shape = /'shape': \(([\d, ]+)\)/.exec(header)?.[1]?.split(",").flatMap(whole);
  if (!header.includes("'<f2'") || header.includes("'fortran_order': True") || !shape) {
    throw new Error(`the familiar images have another ${name} than half precision`);
  }
  const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
  if (data.length - start !== values.length * 2) {
    throw new Error(`the familiar images have ${name} of another size`);
  }
  for (let i = 0; i < values.length; i++) values[i] = half(view.getUint16(start + i * 2, true));
  return { shape, values };
}

const whole = (text: string) => (text.trim() === "" ? [] : [Number(text)]);

/** IEEE 754 half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
