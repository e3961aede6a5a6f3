import { EngineError, type Frame } from "./protocol.ts";
import { type Edges, type Interpolation, reach, resample } from "./resample.ts";

/** How the model sees an image: `DeviceModel.input`. */
export interface InputSpec {
  size: number;
  resize: number;
  interpolation: Interpolation;
}

export interface Prepared {
  /** RGB rows, `size` by `size`. */
  tensor: Uint8Array;
  /** Of the upright image. */
  width: number;
  height: number;
  decodeMs: number;
  prepareMs: number;
}

/** Of a canvas. Safari leaves one of more than 2 ** 24 pixels empty, without an error. */
const MOST_PIXELS = 2 ** 23;

/** The centred square that the model sees. */
export function cropBox(spec: InputSpec, width: number, height: number): Edges {
  const side = (Math.min(width, height) * spec.size) / spec.resize;
  const left = (width - side) / 2;
  const top = (height - side) / 2;
  return { left, top, right: left + side, bottom: top + side };
}

/** Turns images into tensors, on a canvas that it keeps. */
export class Preparation {
  readonly #spec: InputSpec;
  #context: OffscreenCanvasRenderingContext2D | undefined;

  constructor(spec: InputSpec) {
    this.#spec = spec;
  }

  /** A file or an image. Throws `EngineError` with `device_image`. */
  async still(image: Blob | ImageBitmap): Promise<Prepared> {
    if (image instanceof ImageBitmap) return this.frame(image);
    const start = performance.now();
    let bitmap: ImageBitmap;
    try {
      // Upright by EXIF, in sRGB, the first frame of an animation: without options, since older
      // browsers refuse the names of these defaults.
      bitmap = await createImageBitmap(image);
    } catch (cause) {
      throw new EngineError("device_image", "This browser cannot decode the image.", cause);
    }
    const decodeMs = performance.now() - start;
    const prepared = this.frame(bitmap);
    return { ...prepared, decodeMs: decodeMs + prepared.decodeMs };
  }

  /** Takes the image over and closes it. */
  frame(image: Frame): Prepared {
    try {
      return this.#prepare(image);
    } finally {
      image.close();
    }
  }

  #prepare(image: Frame): Prepared {
    const spec = this.#spec;
    const start = performance.now();
    const [width, height] =
      image instanceof ImageBitmap
        ? [image.width, image.height]
        : [image.displayWidth, image.displayHeight];
    if (!(width > 0 && height > 0)) throw new EngineError("device_image", "The image is empty.");
    const whole = { width, height };
    const box = cropBox(spec, width, height);
    const seen = reach(whole, box, spec.size, spec.interpolation);
    const rgba = this.#read(image, seen);
    const read = performance.now();
    const region = {
      rgba,
      left: seen.left,
      top: seen.top,
      width: seen.right - seen.left,
      height: seen.bottom - seen.top,
      whole,
    };
    const tensor = resample(region, box, spec.size, spec.interpolation);
    return {
      tensor,
      width,
      height,
      decodeMs: read - start,
      prepareMs: performance.now() - read,
    };
  }

  /** RGBA of a part at its own scale, transparency on white; of a large one band by band. */
  #read(image: Frame, { left, top, right, bottom }: Edges): Uint8ClampedArray {
    const width = right - left;
    const height = bottom - top;
    const rows = Math.min(height, Math.max(1, Math.floor(MOST_PIXELS / width)));
    const context = this.#canvas(width, rows);
    context.fillStyle = "#fff";
    const band = (from: number) => {
      const many = Math.min(rows, height - from);
      context.fillRect(0, 0, width, many);
      context.drawImage(image, left, top + from, width, many, 0, 0, width, many);
      return context.getImageData(0, 0, width, many).data;
    };
    if (rows === height) return band(0);
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let from = 0; from < height; from += rows) rgba.set(band(from), from * width * 4);
    return rgba;
  }

  #canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const kept = this.#context;
    if (kept?.canvas.width === width && kept.canvas.height === height) return kept;
    const context = new OffscreenCanvas(width, height).getContext("2d", {
      willReadFrequently: true,
    });
    if (context === null) throw new EngineError("device_image", "The image is too large here.");
    context.imageSmoothingEnabled = false;
    this.#context = context;
    return context;
  }
}
