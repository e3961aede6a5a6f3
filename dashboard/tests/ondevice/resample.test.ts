import { describe, expect, it } from "vitest";

import { cropBox } from "../../src/ondevice/pixels";
import { type Interpolation, reach, resample } from "../../src/ondevice/resample";
import { bytes, part, vectors } from "./vectors";

describe("an image is resampled as by Pillow, to the bit", () => {
  it.each(
    vectors.resampled.map((vector) => ({
      ...vector,
      what: `${vector.width} x ${vector.height} to ${vector.input.size}, ${vector.input.interpolation}`,
    })),
  )("$what", ({ width, height, input, rgb }) => {
    const interpolation = input.interpolation as Interpolation;
    const box = cropBox({ ...input, interpolation }, width, height);
    const expected = bytes(rgb);
    const all = { left: 0, top: 0, right: width, bottom: height };
    // From the whole image, and from the part that the canvas gives.
    for (const edges of [all, reach({ width, height }, box, input.size, interpolation)]) {
      const found = resample(part(width, height, edges), box, input.size, interpolation);
      expect(found).toEqual(expected);
    }
  });
});

it("reads a small part of a large image", () => {
  const spec = { size: 224, resize: 512, interpolation: "bicubic" } as const;
  const box = cropBox(spec, 4000, 3000);
  const seen = reach({ width: 4000, height: 3000 }, box, 224, "bicubic");
  expect((seen.right - seen.left) * (seen.bottom - seen.top)).toBeLessThan(4000 * 3000 * 0.16);
});
