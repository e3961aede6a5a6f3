import imageFormats from "./imageFormats.json";

const KNOWN = new Set(imageFormats.types);
const BY_SUFFIX: Record<string, string> = imageFormats.by_suffix;
const SIGNATURES = imageFormats.signatures.map(({ suffix, type, pattern }) => ({
  suffix,
  type,
  pattern: new RegExp(`^(?:${pattern})`, "s"),
}));
/** Enough for the brands of a HEIC. */
const SIGNATURE_BYTES = 80;

export { imageFormats };

/** The media type of an image, by what the browser says and else by the name; `null` of others. */
export function imageType({ type, name }: { type: string; name: string }): string | null {
  if (KNOWN.has(type)) return type;
  return BY_SUFFIX[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ""] ?? null;
}

/** What the name of an image ends in, by its first bytes. */
export function imageSuffix(data: Uint8Array): string {
  const start = String.fromCharCode(...data.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.find(({ pattern }) => pattern.test(start))?.suffix ?? "img";
}
