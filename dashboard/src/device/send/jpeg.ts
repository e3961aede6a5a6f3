import { MAX_DIRECT_BYTES } from "visionflow-client";

import { EngineError } from "../../ondevice/engine";

const QUALITY = 0.92;
/** Longest side of what is encoded here: a frame of a camera, or a still that is too large to send. */
export const LONGEST_PX = 1600;
const THUMBNAIL_PX = 240;

/**
 * The file that is classified here, which is the one that would be sent: itself, or a smaller JPEG
 * of it where it is too large for one request.
 */
export async function sendable(file: File): Promise<File> {
  if (file.size <= MAX_DIRECT_BYTES) return file;
  const name = `${file.name.replace(/\.\w+$/, "")}.jpg`;
  return new File([await scaled(file, LONGEST_PX)], name, { type: "image/jpeg" });
}

/** What lists show of an image. */
export function thumbnailOf(file: Blob): Promise<Blob> {
  return scaled(file, THUMBNAIL_PX);
}

/** A JPEG with at most so many pixels a side, upright. */
async function scaled(file: Blob, longest: number): Promise<Blob> {
  const image = await createImageBitmap(file).catch((cause: unknown) => {
    throw new EngineError("device_image", String(cause));
  });
  const scale = Math.min(longest / Math.max(image.width, image.height), 1);
  const [width, height] = [image.width, image.height].map((side) =>
    Math.max(Math.round(side * scale), 1),
  ) as [number, number];
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context) {
    // A JPEG has no transparency: on white, as the model sees it.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0, width, height);
  }
  image.close();
  const jpeg = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
  if (jpeg === null) throw new EngineError("device_image", "the browser encoded no image");
  return jpeg;
}
