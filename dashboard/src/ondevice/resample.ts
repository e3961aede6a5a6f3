/**
 * Pillow's resampling of 8-bit images, to the bit: the same filters, coefficients in fixed point,
 * the box in 32-bit floats, and the same order of the two passes.
 * https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */

export type Interpolation = "bilinear" | "bicubic" | "lanczos";

/** A part of an image: RGBA rows, which begin at `left` and `top` of the whole. */
export interface Region {
  rgba: Uint8ClampedArray | Uint8Array;
  left: number;
  top: number;
  width: number;
  height: number;
  whole: { width: number; height: number };
}

/** Edges in pixels of the whole image. */
export interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Filter {
  /** How far from the centre it reaches, in pixels. */
  support: number;
  weight: (distance: number) => number;
}

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

const SHARPNESS = -0.5;
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** What `box` of the image shows, as RGB rows of `size` by `size` pixels. */
export function resample(
  image: Region,
  box: Edges,
  size: number,
  interpolation: Interpolation,
): Uint8Array {
  const filter = FILTERS[interpolation];
  const across = kernel(filter, image.whole.width, box.left, box.right, size);
  const down = kernel(filter, image.whole.height, box.top, box.bottom, size);
  if (isTall(image.whole, size)) {
    const lines = vertical(image.rgba, down, image.top, image.width * 4);
    return horizontal({ ...image, rgba: lines, top: 0 }, across, 0, size);
  }
  const first = down.starts[0] ?? 0;
  const last = (down.starts[size - 1] ?? 0) + (down.counts[size - 1] ?? 0);
  return vertical(horizontal(image, across, first, last), down, first, size * 3);
}

/** Pillow 13 shrinks a tall image's height first; the order decides how values are rounded. */
function isTall({ width, height }: Region["whole"], size: number): boolean {
  return height > size && height - size > 2 * (width - size);
}

/** What of an image `resample` reads for `box`: whole pixels, as far as the filter reaches. */
export function reach(
  whole: { width: number; height: number },
  box: Edges,
  size: number,
  interpolation: Interpolation,
): Edges {
  const { support } = FILTERS[interpolation];
  const margin = (length: number) => Math.ceil(support * Math.max(1, length / size)) + 1;
  const x = margin(box.right - box.left);
  const y = margin(box.bottom - box.top);
  return {
    left: Math.max(0, Math.floor(box.left) - x),
    top: Math.max(0, Math.floor(box.top) - y),
    right: Math.min(whole.width, Math.ceil(box.right) + x),
    bottom: Math.min(whole.height, Math.ceil(box.bottom) + y),
  };
}

/** For each of `size` pixels: from which source pixel on how many count, and with what weights. */
interface Kernel {
  size: number;
  /** Weights that one pixel has room for. */
  room: number;
  starts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
}

function kernel(filter: Filter, length: number, from: number, to: number, size: number): Kernel {
  const start = Math.fround(from);
  const scale = Math.fround(Math.fround(to) - start) / size;
  const stretch = Math.max(1, scale);
  const support = filter.support * stretch;
  const room = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Int32Array(size * room);
  for (let place = 0; place < size; place++) {
    const centre = start + (place + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(length, Math.trunc(centre + support + 0.5)) - low;
    starts[place] = low;
    counts[place] = count;
    const exact = Array.from({ length: count }, (_, i) =>
      filter.weight((i + low - centre + 0.5) * (1 / stretch)),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    exact.forEach((weight, i) => {
      const share = sum === 0 ? weight : weight / sum;
      const fixed = share * (1 << PRECISION_BITS);
      weights[place * room + i] = Math.trunc(fixed + (share < 0 ? -0.5 : 0.5));
    });
  }
  return { size, room, starts, counts, weights };
}

/** The rows `first` to `last` of the image, `across.size` RGB pixels wide. */
function horizontal(image: Region, across: Kernel, first: number, last: number): Uint8Array {
  const { rgba } = image;
  const { size, room, starts, counts, weights } = across;
  const out = new Uint8Array((last - first) * size * 3);
  let to = 0;
  for (let row = first; row < last; row++) {
    const line = ((row - image.top) * image.width - image.left) * 4;
    for (let place = 0; place < size; place++) {
      let from = line + (starts[place] ?? 0) * 4;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = place * room + (counts[place] ?? 0);
      for (let at = place * room; at < end; at++, from += 4) {
        const weight = weights[at] ?? 0;
        red = (red + Math.imul(rgba[from] ?? 0, weight)) | 0;
        green = (green + Math.imul(rgba[from + 1] ?? 0, weight)) | 0;
        blue = (blue + Math.imul(rgba[from + 2] ?? 0, weight)) | 0;
      }
      out[to] = byte(red);
      out[to + 1] = byte(green);
      out[to + 2] = byte(blue);
      to += 3;
    }
  }
  return out;
}

/** `down.size` rows of `width` bytes, from rows of which the first is the image's row `first`. */
function vertical(rows: Region["rgba"], down: Kernel, first: number, width: number): Uint8Array {
  const { size, room, starts, counts, weights } = down;
  const out = new Uint8Array(size * width);
  const sums = new Int32Array(width);
  for (let place = 0; place < size; place++) {
    sums.fill(HALF);
    let from = ((starts[place] ?? 0) - first) * width;
    const end = place * room + (counts[place] ?? 0);
    for (let at = place * room; at < end; at++) {
      const weight = weights[at] ?? 0;
      for (let i = 0; i < width; i++, from++) {
        sums[i] = ((sums[i] ?? 0) + Math.imul(rows[from] ?? 0, weight)) | 0;
      }
    }
    for (let i = 0; i < width; i++) out[place * width + i] = byte(sums[i] ?? 0);
  }
  return out;
}

function byte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function cubic(x: number): number {
  if (x < 1) return ((SHARPNESS + 2) * x - (SHARPNESS + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * SHARPNESS;
  return 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}
