import { imageFormats, imageSuffix, imageType, typeOf } from "visionflow-client";
import { describe, expect, it } from "vitest";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("image formats", () => {
  it.each([
    ["jpg", "\xff\xd8\xff\xe0"],
    ["png", "\x89PNG\r\n\x1a\n"],
    ["webp", "RIFF\n\0\0\0WEBP"],
    ["tif", "II+\0\x08\0\0\0"],
    ["avif", "\0\0\0\x1cftypmif1\0\0\0\0mif1avif"],
    ["heic", "\0\0\0\x1cftypheic\0\0\0\0mif1heic"],
    ["jp2", "\0\0\0\x0cjP  \r\n\x87\n"],
    ["img", "%PDF-1.7"],
  ])("knows %s by its first bytes", (suffix, start) => {
    expect(imageSuffix(bytes(start))).toBe(suffix);
  });

  it.each([
    ["IMG.HEIC", "image/heic"],
    ["a.jfif", "image/jpeg"],
    ["a.jpe", "image/jpeg"],
    ["a.avif", "image/avif"],
    ["a.txt", null],
  ])("knows %s by its name where the browser has no type", (name, type) => {
    expect(imageType({ type: "", name })).toBe(type);
  });

  it("offers files whose type a browser does not know", () => {
    expect(imageFormats.accept.split(",")).toEqual(expect.arrayContaining([".heic", ".heif"]));
  });
});

describe("the type of a file", () => {
  it.each([
    ["image/jpeg", "\xff\xd8\xff\xe0"],
    ["image/png", "\x89PNG\r\n\x1a\n"],
    ["image/gif", "GIF89a"],
    ["image/webp", "RIFF\x10\0\0\nWEBP"],
    ["image/bmp", "BM"],
    ["image/tiff", "II*\0"],
    ["image/tiff", "MM\0*"],
    ["image/tiff", "II+\0\x08\0\0\0"],
    ["image/avif", "\0\0\0\x1cftypmif1\0\0\0\0mif1avif"],
    ["image/jp2", "\xff\x4f\xff\x51"],
    ["image/heic", "\0\0\0\x18ftypheic\0\0\0\0"],
    ["image/heic", "\0\0\0\x18ftypheix\0\0\0\0"],
    ["image/heic", "\0\0\0\x1cftypmif1\0\0\0\0mif1heic"],
    ["image/heic", "\0\0\0\x18ftypmif1\0\0\0\0mif1"],
  ])("is %s by its bytes, whatever the browser says", async (type, start) => {
    for (const said of ["", "application/octet-stream", "image/png"]) {
      expect(await typeOf(new File([bytes(start)], "IMG_0001", { type: said }))).toBe(type);
    }
  });

  it("is by its name where the bytes say nothing, and none of another file", async () => {
    expect(await typeOf(new File(["?"], "A.HEIC"))).toBe("image/heic");
    expect(await typeOf(new File(["?"], "a.jfif"))).toBe("image/jpeg");
    expect(await typeOf(new File(["text"], "notes.txt", { type: "text/plain" }))).toBeNull();
    expect(await typeOf(new File([], "empty"))).toBeNull();
    expect(imageType({ type: "", name: "a.b/c" })).toBeNull();
  });
});
