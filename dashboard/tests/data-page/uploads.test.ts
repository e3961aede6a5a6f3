import { strToU8, zipSync } from "fflate";
import { ApiError, createClient, imageType } from "visionflow-client";
import { describe, expect, it } from "vitest";

import { type Arrival, fromInput, labelOf } from "../../src/data/intake/arrivals";
import { hashOf, Uploads } from "../../src/data/intake/uploads";
import { unpack } from "../../src/data/intake/zip";
import { FakeApi, problem } from "../fakeApi";
import { dataset } from "../fakeDatasets";

const jpeg = (text: string, name = `${text}.jpg`) => new File([text], name, { type: "image/jpeg" });
const arrival = (text: string, label: string | null = null): Arrival => ({
  file: jpeg(text),
  label,
});

function started(send?: ConstructorParameters<typeof Uploads>[2]) {
  const fake = new FakeApi();
  fake.datasets.list = [dataset("fruit", ["apple"])];
  const api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
  const put: string[] = [];
  const uploads = new Uploads(
    api,
    "fruit",
    send ??
      ((form) => {
        put.push(form.sha256);
        return Promise.resolve();
      }),
    1,
  );
  const finished = () =>
    expect.poll(() => uploads.progress().working, { timeout: 5000 }).toBe(false);
  return { fake, uploads, put, finished };
}

describe("images that are added", () => {
  it("are announced by their hash and sent once", async () => {
    const { fake, uploads, put, finished } = started();
    uploads.add([arrival("a", "apple"), arrival("b"), arrival("a", "apple")]);
    await finished();
    expect(uploads.progress()).toMatchObject({ total: 3, sent: 2, known: 1, refused: [] });
    expect(put).toContain(await hashOf(jpeg("a")));
    expect(fake.datasets.announced).toMatchObject([
      { label: "apple", file_name: "a.jpg", content_type: "image/jpeg", bytes: 1 },
      { label: null },
    ]);
  });

  it("go out a hundred at a time", async () => {
    const { fake, uploads, finished } = started();
    uploads.add(Array.from({ length: 250 }, (_, n) => arrival(String(n))));
    await finished();
    expect(uploads.progress().sent).toBe(250);
    expect(fake.count("/datasets/fruit/uploads")).toBe(3);
  });

  it("after a reload are sent only where they are missing", async () => {
    const { fake, uploads, finished } = started();
    uploads.add([arrival("a")]);
    await finished();
    const again = new Uploads(
      createClient({ url: fake.url, fetch: fake.fetch, retries: 0 }),
      "fruit",
      () => Promise.resolve(),
      1,
    );
    again.add([arrival("a"), arrival("b")]);
    await expect.poll(() => again.progress().working).toBe(false);
    expect(again.progress()).toMatchObject({ sent: 1, known: 1 });
  });

  it("bring the classes of their folders along", async () => {
    const { fake, uploads, finished } = started();
    uploads.add([arrival("a", "apple"), arrival("b", "plum")]);
    await finished();
    expect(fake.datasets.list?.[0]?.classes.map(({ name }) => name)).toEqual(["apple", "plum"]);
  });

  it("are tried again when the connection breaks, and given up after some tries", async () => {
    let tries = 0;
    const { uploads, finished } = started(() => {
      tries += 1;
      return tries < 3 || tries > 3
        ? Promise.reject(new ApiError("upload_interrupted", "broke"))
        : Promise.resolve();
    });
    uploads.add([arrival("a")]);
    await finished();
    expect(uploads.progress()).toMatchObject({ sent: 1, refused: [] });
    uploads.add([arrival("b")]);
    await finished();
    expect(uploads.progress().refused).toHaveLength(1);
    expect(tries).toBe(8);
  });

  it("that the bucket has are known, and those that it refuses can be sent again", async () => {
    const answers = [412, 403, null];
    const { fake, uploads, finished } = started(() => {
      const status = answers.shift();
      return status == null
        ? Promise.resolve()
        : Promise.reject(new ApiError("upload_refused", "no", { status }));
    });
    uploads.add([arrival("a")]);
    await finished();
    expect(uploads.progress()).toMatchObject({ known: 1, sent: 0 });
    uploads.add([arrival("b")]);
    await finished();
    expect(uploads.progress().refused).toHaveLength(1);
    fake.datasets.images = []; // it never arrived
    uploads.retry();
    await finished();
    expect(uploads.progress()).toMatchObject({ total: 2, known: 1, sent: 1, refused: [] });
  });

  it("that the API refuses say why", async () => {
    const { fake, uploads, finished } = started();
    fake.failing = (path) => (path.endsWith("/uploads") ? problem(400, "invalid_parameter") : null);
    uploads.add([arrival("a"), { file: new File(["x"], "notes.txt"), label: null }]);
    await finished();
    const { refused, skipped } = uploads.progress();
    expect(skipped).toBe(1);
    expect(refused[0]?.error).toMatchObject({ code: "invalid_parameter" });
  });
});

describe("the class of an image", () => {
  it.each([
    ["fruit/apple/1.jpg", "apple"],
    ["apple/1.jpg", "apple"],
    ["1.jpg", null],
    ["/fruit/\u1100\u1161\u11a8/1.jpg", "각"],
  ])("at %s is %s", (path, label) => {
    expect(labelOf(path)).toBe(label);
  });

  it("comes with a folder, without what systems leave there", () => {
    const inFolder = (path: string) =>
      Object.defineProperty(jpeg("a"), "webkitRelativePath", { value: path });
    const found = fromInput([inFolder("fruit/apple/1.jpg"), inFolder("fruit/.DS_Store")]);
    expect(found.map(({ label }) => label)).toEqual(["apple"]);
  });

  it("is of an image by its type, or by its name", () => {
    expect(imageType({ type: "", name: "A.HEIC" })).toBe("image/heic");
    expect(imageType({ type: "", name: "사진.JPE" })).toBe("image/jpeg");
    expect(imageType({ type: "image/png", name: "x" })).toBe("image/png");
    expect(imageType({ type: "text/plain", name: "x.txt" })).toBeNull();
  });
});

describe("a zip file", () => {
  it("gives its images with their folders as classes", async () => {
    const packed = zipSync({
      "fruit/apple/1.jpg": strToU8("one"),
      "fruit/pear/2.png": [strToU8("two"), { level: 0 }],
      "__MACOSX/fruit/apple/._1.jpg": strToU8("junk"),
      "fruit/readme.txt": strToU8("text"),
      "3.webp": strToU8("three"),
    });
    const found: Arrival[] = [];
    await unpack(new File([new Uint8Array(packed)], "fruit.zip"), (one) => found.push(one));
    expect(found.map(({ file, label }) => [file.name, file.type, label])).toEqual([
      ["1.jpg", "image/jpeg", "apple"],
      ["2.png", "image/png", "pear"],
      ["3.webp", "image/webp", null],
    ]);
    expect(found.map(({ file }) => file.size)).toEqual([3, 3, 5]);
  });

  it("that is none throws", async () => {
    const wrong = new File(["this is not a zip file at all"], "x.zip");
    await expect(unpack(wrong, () => undefined)).rejects.toThrow();
  });
});
