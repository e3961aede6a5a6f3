import imageFormats from "../generated/formats.ts";

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

/** By its bytes, and else by `imageType`: a browser goes by the name alone, or says nothing. */
export async function typeOf(file: File): Promise<string | null> {
  const head = new Uint8Array(await file.slice(0, SIGNATURE_BYTES).arrayBuffer());
  return signatureOf(head)?.type ?? imageType(file);
}

/** What the name of an image ends in, by its first bytes. */
export function imageSuffix(data: Uint8Array): string {
  return signatureOf(data)?.suffix ?? "img";
}

function signatureOf(data: Uint8Array) {
  const start = String.fromCharCode(...data.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.find(({ pattern }) => pattern.test(start));
}
