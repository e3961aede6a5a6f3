import { describe, expect, it } from "vitest";

import { imageFormats, imageSuffix, imageType } from "../src/api/imageFormats";

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
