import { describe, expect, it, vi } from "vitest";

import { cropBox, type InputSpec, Preparation } from "../../src/ondevice/pixels";
import { reach, resample } from "../../src/ondevice/resample";

/** Of Safari on a phone, which leaves larger canvases empty. */
const SAFARI_PIXELS = 2 ** 24;
const SPEC: InputSpec = { size: 4, resize: 4, interpolation: "bilinear" };

const pixel = (x: number, y: number) => (x ^ y) & 0xff;

class FakeBitmap {
  isClosed = false;
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Draws a part of an image at its own scale, as far as the browser has room. */
class FakeCanvas {
  readonly width: number;
  readonly height: number;
  #from: [number, number] = [0, 0];
  imageSmoothingEnabled = true;
  fillStyle = "";

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  get canvas(): this {
    return this;
  }

  getContext(): this {
    return this;
  }

  fillRect(): void {
    expect(this.fillStyle).toBe("#fff");
  }

  drawImage(_: FakeBitmap, left: number, top: number): void {
    this.#from = [left, top];
  }

  getImageData(_x: number, _y: number, width: number, height: number) {
    const [left, top] = this.#from;
    const data = new Uint8ClampedArray(width * height * 4);
    if (this.width * this.height <= SAFARI_PIXELS) fill(data, left, top, width, height);
    return { data };
  }
}

function fill(data: Uint8ClampedArray, left: number, top: number, width: number, height: number) {
  let at = 0;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++, at += 4) data[at] = pixel(x, y);
  }
}

/** What the model sees where there is room for the whole image. */
function expected(whole: { width: number; height: number }): Uint8Array {
  const box = cropBox(SPEC, whole.width, whole.height);
  const { left, top, right, bottom } = reach(whole, box, SPEC.size, SPEC.interpolation);
  const [width, height] = [right - left, bottom - top];
  const rgba = new Uint8ClampedArray(width * height * 4);
  fill(rgba, left, top, width, height);
  return resample({ rgba, left, top, width, height, whole }, box, SPEC.size, SPEC.interpolation);
}

describe("an image", () => {
  it.each([
    ["of a camera", 64, 48],
    ["larger than a canvas of a phone", 4200, 4300],
  ])("%s is read as it is, and closed", (_, width, height) => {
    vi.stubGlobal("ImageBitmap", FakeBitmap);
    vi.stubGlobal("OffscreenCanvas", FakeCanvas);
    const image = new FakeBitmap(width, height);
    const { tensor } = new Preparation(SPEC).frame(image);
    expect([...tensor]).toEqual([...expected({ width, height })]);
    expect(image.isClosed).toBe(true);
  });
});
