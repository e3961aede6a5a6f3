/** Side of the grey thumbnail by which scenes are compared. */
export const SIDE = 16;
/** Mean difference of grey levels, brightness aside, above which two scenes are not the same. */
const DIFFERENT = 10;

/** Grey levels of RGBA pixels, by ITU-R BT.601. */
export function grey(rgba: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from({ length: rgba.length / 4 }, (_, n) => {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * n, 4 * n + 3);
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
}

/** Whether two grey thumbnails show the same, be it that the light or a hand has moved a little. */
export function isSameScene(one: Uint8Array, other: Uint8Array): boolean {
  const shift = mean(one) - mean(other);
  let sum = 0;
  for (const [n, level] of one.entries()) sum += Math.abs(level - (other[n] ?? 0) - shift);
  return sum / one.length <= DIFFERENT;
}

function mean(levels: Uint8Array): number {
  return levels.reduce((sum, level) => sum + level, 0) / levels.length;
}

/** The grey thumbnail of what a `<video>` shows; `null` where nothing can be drawn. */
export function videoScene(video: HTMLVideoElement): Uint8Array | null {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(video, 0, 0, SIDE, SIDE);
  return grey(context.getImageData(0, 0, SIDE, SIDE).data);
}
