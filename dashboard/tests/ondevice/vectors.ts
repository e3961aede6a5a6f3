import vectors from "../data/device.json";

/** What Python makes of the same inputs; `tests/device_vectors.py` writes it. */
export { vectors };

export function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** RGBA by the formula of `tests/device_vectors.py`. */
export function drawn(width: number, height: number): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      for (let c = 0; c < 3; c++) {
        rgba[at + c] = Math.floor((x * x * 7 + y * y * 13 + x * y * 3 + c * 89) / 3) % 256;
      }
    }
  }
  return rgba;
}

/** The part of `drawn` within these edges. */
export function part(
  width: number,
  height: number,
  edges: { left: number; top: number; right: number; bottom: number },
) {
  const { left, top, right, bottom } = edges;
  const whole = drawn(width, height);
  const rgba = new Uint8ClampedArray((right - left) * (bottom - top) * 4);
  for (let y = top; y < bottom; y++) {
    const row = whole.subarray((y * width + left) * 4, (y * width + right) * 4);
    rgba.set(row, (y - top) * (right - left) * 4);
  }
  return {
    rgba,
    left,
    top,
    width: right - left,
    height: bottom - top,
    whole: { width, height },
  };
}
