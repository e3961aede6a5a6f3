/** From no evidence to the most, as `_HEAT` of `visionflow/answers/classifier.py`. */
const COLOURS = [
  [20, 40, 200],
  [0, 190, 230],
  [255, 220, 60],
  [220, 30, 30],
] as const;
const MOST_OPAQUE = 230;

/** RGBA of a heat of 0..1: colour and opacity both grow with it. */
export function heatColour(heat: number): [number, number, number, number] {
  const level = Math.min(Math.max(heat, 0), 1);
  const place = level * (COLOURS.length - 1);
  const low = Math.min(Math.floor(place), COLOURS.length - 2);
  const [from = COLOURS[0], to = COLOURS[0]] = COLOURS.slice(low, low + 2);
  const channel = (n: 0 | 1 | 2) => from[n] + (to[n] - from[n]) * (place - low);
  return [channel(0), channel(1), channel(2), level * MOST_OPAQUE];
}
