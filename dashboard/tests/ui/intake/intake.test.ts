import { afterEach, describe, expect, it, vi } from "vitest";

import { fromDrop } from "../../../src/data/intake/arrivals";
import { fetchFile } from "../../../src/data/versions/export/manifest";
import { imagesIn } from "../../../src/predict/intake/imagesIn";
import { isJunk } from "../../../src/ui/intake/dropped";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const HEIC = bytes("\0\0\0\x18ftypheic\0\0\0\0mif1heic");

interface Tree {
  [name: string]: Tree | File | DOMException;
}

/** What a browser hands over: folders answer a part at a time, in no order. */
function entry(name: string, node: Tree | File | DOMException, above = ""): FileSystemEntry {
  const fullPath = `${above}/${name}`;
  if (node instanceof File || node instanceof DOMException) {
    const file = (give: (file: File) => void, refuse: (error: DOMException) => void) => {
      if (node instanceof File) give(node);
      else refuse(node);
    };
    return { name, fullPath, isFile: true, isDirectory: false, file } as unknown as FileSystemEntry;
  }
  const createReader = () => {
    const left = Object.entries(node).map(([inner, one]) => entry(inner, one, fullPath));
    left.reverse();
    return {
      readEntries: (give: (part: FileSystemEntry[]) => void) => {
        give(left.splice(0, 100));
      },
    };
  };
  const folder = { name, fullPath, isFile: false, isDirectory: true, createReader };
  return folder as unknown as FileSystemEntry;
}

function dropped(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, node]) => ({
    webkitGetAsEntry: () => entry(name, node),
  }));
  return { items, files: [] } as unknown as DataTransfer;
}

const jpeg = (name: string) => new File([bytes("\xff\xd8\xff"), name], name);
const many = (count: number): Tree =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.jpg`, jpeg(`${n}.jpg`)]));

describe("a dropped folder", () => {
  const album = () => ({
    album: {
      cats: {
        "2.jpg": jpeg("2.jpg"),
        "10.jpg": jpeg("10.jpg"),
        "1.heic": new File([HEIC], "1.heic"),
        "notes.txt": new File(["text"], "notes.txt"),
        "locked.jpg": new DOMException("no", "NotReadableError"),
        "Thumbs.db": new File(["x"], "Thumbs.db"),
        "@eaDir": { "2.jpg": jpeg("2.jpg") },
      },
      __MACOSX: { "._2.jpg": jpeg("._2.jpg") },
      ".hidden": { "3.jpg": jpeg("3.jpg") },
      "without ending": new File([HEIC], "without ending"),
    },
  });

  it("gives its images to Predict, in the order of their names", async () => {
    const found = await imagesIn(dropped(album()));
    expect(found.map(({ name }) => name)).toEqual(["1.heic", "2.jpg", "10.jpg", "without ending"]);
  });

  it("keeps what cannot be read at the moment, by its name", async () => {
    const locked = jpeg("locked.jpg");
    locked.slice = () =>
      ({ arrayBuffer: () => Promise.reject(new DOMException("no", "NotReadableError")) }) as never;
    const found = await imagesIn(
      dropped({ album: { "locked.jpg": locked, "1.jpg": jpeg("1.jpg") } }),
    );
    expect(found.map(({ name }) => name)).toEqual(["1.jpg", "locked.jpg"]);
  });

  it("gives everything but junk to Data, with its folder as class", async () => {
    const found = await fromDrop(dropped(album()));
    const labels = new Map(found.map(({ file, label }) => [file.name, label]));
    expect([...labels.keys()].sort()).toEqual([
      ...["1.heic", "10.jpg", "2.jpg", "notes.txt", "without ending"],
    ]);
    expect(labels.get("2.jpg")).toBe("cats");
  });

  it("is read to its end, however many parts it comes in", async () => {
    expect(await imagesIn(dropped({ all: { deep: many(250) } }))).toHaveLength(250);
    expect(await fromDrop(dropped({ all: many(101) }))).toHaveLength(101);
  });

  it("leaves a file alone that was dropped itself, which the service then refuses by name", async () => {
    const notes = new File(["text"], "notes.txt");
    expect(await imagesIn(dropped({ "notes.txt": notes }))).toEqual([notes]);
  });

  it("is not needed: files that were pasted are taken as they are", async () => {
    const files = [jpeg("a.jpg")];
    const items = [{ webkitGetAsEntry: () => null }];
    expect(await imagesIn({ items, files } as unknown as DataTransfer)).toEqual(files);
    expect(await imagesIn({ files } as unknown as DataTransfer)).toEqual(files);
  });
});

it.each([
  ...["a/.DS_Store", "a/._b.jpg", "a/THUMBS.DB", "a/desktop.ini", "__MACOSX/a.jpg"],
  ...["a/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "a/SYNOFILE_THUMB_M.jpg", "#recycle/a.jpg"],
  ...["$RECYCLE.BIN/a.jpg", "a/.ipynb_checkpoints/b.jpg", "System Volume Information/1.jpg"],
])("%s is junk", (path) => {
  expect(isJunk(path)).toBe(true);
});

it("may be called almost as junk is", () => {
  expect(isJunk("fruit/@home/lost and found/thumbs.jpg")).toBe(false);
});

describe("a file of the bucket", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is never taken from the cache, where an <img> may have left it without CORS headers", async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response("x")));
    vi.stubGlobal("fetch", fetched);
    await fetchFile("https://bucket/a", new AbortController().signal);
    expect(fetched).toHaveBeenCalledWith(
      "https://bucket/a",
      expect.objectContaining({ cache: "no-store" }),
    );
  });
});
