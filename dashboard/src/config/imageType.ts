/** What a file chooser offers. On Windows and Linux HEIC has no type there, so it goes by its name. */
export const IMAGES = "image/*,.heic,.heif";

/** The media types that the service reads, by the endings of their files. */
const TYPES = {
  bmp: "image/bmp",
  dib: "image/bmp",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heif",
  hif: "image/heif",
  jfif: "image/jpeg",
  jpe: "image/jpeg",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  png: "image/png",
  tif: "image/tiff",
  tiff: "image/tiff",
  webp: "image/webp",
} as const;

export type ImageType = (typeof TYPES)[keyof typeof TYPES];

const KNOWN: ReadonlySet<string> = new Set(Object.values(TYPES));
const HEAD_BYTES = 64;

/** By the first bytes. Of HEIF the brands say whether HEVC made it, as phones do. */
const SIGNATURES: readonly [ImageType, RegExp][] = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBP/s],
  ["image/bmp", /^BM/],
  ["image/tiff", /^(?:II[*+]\0|MM\0[*+])/],
  ["image/heic", /^.{4}ftyp(?:.{4})*?(?:hei[cxms]|hev[cxms])/s],
  ["image/heif", /^.{4}ftyp(?:mif1|msf1)/s],
];

/** By what the browser says, and else by the name; `null` of others. */
export function imageType({ type, name }: { type: string; name: string }): ImageType | null {
  if (isKnown(type)) return type;
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.entries(TYPES).find(([known]) => known === ending)?.[1] ?? null;
}

/** By its bytes, and else by `imageType`: a browser goes by the name alone, or says nothing. */
export async function typeOf(file: File): Promise<ImageType | null> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const start = String.fromCharCode(...head);
  return SIGNATURES.find(([, pattern]) => pattern.test(start))?.[0] ?? imageType(file);
}

function isKnown(type: string): type is ImageType {
  return KNOWN.has(type);
}
