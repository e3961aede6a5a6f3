import { gzipSync, strToU8, zipSync } from "fflate";
import { createClient } from "visionflow-client";
import { describe, expect, it } from "vitest";

import type { Arrival } from "../../src/data/intake/arrivals";
import { readTable } from "../../src/data/intake/formats/labelTable";
import { IntakeError, takeIn } from "../../src/data/intake/intake";
import { hashOf, Uploads } from "../../src/data/intake/uploads";
import { writeLines } from "../../src/data/versions/export/exports";
import { FakeApi } from "../fakeApi";
import { dataset } from "../fakeDatasets";

const table = (text: string, name = "labels.csv") => new File([text], name);
const jpeg = (text: string, name = `${text}.jpg`) => new File([text], name, { type: "image/jpeg" });
const at = (file: File, path = file.name): Arrival => ({ file, label: null, path });

function started() {
  const fake = new FakeApi();
  fake.datasets.list = [dataset("fruit", ["apple"])];
  const api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
  const uploads = new Uploads(api, "fruit", () => Promise.resolve(), 1);
  const labels = async () => {
    await expect.poll(() => uploads.progress().working, { timeout: 5000 }).toBe(false);
    return fake.datasets.images.map(({ file_name, label, part }) => [file_name, label, part]);
  };
  return { fake, uploads, labels };
}

describe("a table of labels", () => {
  it("is CSV as spreadsheets write it", async () => {
    const text =
      '\uFEFFFile_Name;label;split\r\n"a;""1"".jpg";사과;val\r\n;;\r\nb.jpg;\'=배;\r\nc.jpg;;test';
    expect(await readTable(table(text))).toEqual([
      { file: 'a;"1".jpg', sha256: null, label: "사과", part: "validation", prediction: null },
      { file: "b.jpg", sha256: null, label: "=배", part: null, prediction: null },
      { file: "c.jpg", sha256: null, label: null, part: "test", prediction: null },
    ]);
  });

  it("is JSON Lines, also packed", async () => {
    const line = '{"file": "a.jpg", "class": "apple", "width": 3, "part": null}\n';
    const wanted = [{ file: "a.jpg", sha256: null, label: "apple", part: null, prediction: null }];
    expect(await readTable(table(line, "x.jsonl"))).toEqual(wanted);
    const file = new File([new Uint8Array(gzipSync(strToU8(line)))], "x.jsonl.gz");
    expect(await readTable(file)).toEqual(wanted);
  });

  it("has numbers as labels, as a script writes them", async () => {
    const rows = await readTable(table('{"file": "a.jpg", "label": 7}', "x.jsonl"));
    expect(rows.map(({ label }) => label)).toEqual(["7"]);
  });

  it.each([
    ["x.csv", "name,label\na.jpg,apple", "table_columns", 2],
    ["x.csv", "", "table_columns", 1],
    ["x.csv", 'file,label\na.jpg,apple\nb.jpg,"pear', "table_quote", 3],
    ["x.csv", "file,label\na.jpg,apple\nb.jpg,a/b", "table_label", 3],
    ["x.csv", "file,label,part\na.jpg,apple,exam", "table_part", 2],
    ["x.jsonl", '{"file": "a.jpg", "label": "x"}\n{"file"', "table_json", 2],
    ["x.jsonl", "[1]", "table_json", 1],
  ])("%s of %j is refused with its line", async (name, text, code, line) => {
    await expect(readTable(table(text, name))).rejects.toMatchObject({ code, line });
  });

  it("that is not UTF-8 is refused", async () => {
    const file = new File([new Uint8Array([0xb9, 0xe8])], "x.csv");
    await expect(readTable(file)).rejects.toMatchObject({ code: "table_text" });
  });
});

describe("images with a table", () => {
  it("of a folder have its labels and parts, not the names of folders", async () => {
    const { uploads, labels } = started();
    const rows = "file,label,part\nimages/1.jpg,apple,test\n2.jpg,pear,\n";
    await takeIn(
      [
        at(table(rows), "set/labels.csv"),
        { ...at(jpeg("1"), "set/images/1.jpg"), label: "images" },
        { ...at(jpeg("2"), "set/images/2.jpg"), label: "images" },
        { ...at(jpeg("3"), "set/images/3.jpg"), label: "images" },
      ],
      null,
      uploads,
    );
    expect(await labels()).toEqual([
      ["1.jpg", "apple", "test"],
      ["2.jpg", "pear", null],
      ["3.jpg", null, null],
    ]);
  });

  it("that share a name have the labels of their contents", async () => {
    const { uploads, labels } = started();
    const [one, two] = [jpeg("one", "IMG_0001.jpg"), jpeg("two", "IMG_0001.jpg")];
    const rows = [
      `sha256,file_name,label`,
      `${await hashOf(one)},IMG_0001.jpg,apple`,
      `${await hashOf(two)},IMG_0001.jpg,pear`,
    ];
    const images = [at(one, "a/IMG_0001.jpg"), at(two), at(jpeg("three", "IMG_0001.jpg"))];
    await takeIn([at(table(rows.join("\n"))), ...images], null, uploads);
    expect((await labels()).map(([, label]) => label)).toEqual(["apple", "pear", null]);
  });

  it("say again which predictions they are copies of", async () => {
    const { fake, uploads, labels } = started();
    fake.datasets.erased.add("gone");
    const [one, two, other] = [jpeg("one"), jpeg("two"), jpeg("other")];
    const rows = [
      "sha256,file_name,label,part,source",
      `${await hashOf(one)},one.jpg,apple,,prediction:kept`,
      `${await hashOf(two)},two.jpg,apple,test,prediction:gone`,
      `${await hashOf(jpeg("before"))},other.jpg,apple,,prediction:edited`,
    ];
    await takeIn([at(table(rows.join("\n"))), at(one), at(two), at(other)], null, uploads);
    expect(await labels()).toEqual([
      ["one.jpg", "apple", null],
      ["other.jpg", "apple", null],
    ]);
    const ids = fake.datasets.announced.map(({ prediction_id }) => prediction_id);
    expect(ids).toEqual(["kept", "gone", undefined]);
    const { refused, sent } = uploads.progress();
    expect(sent).toBe(2);
    expect(refused).toMatchObject([
      { file: { name: "two.jpg" }, part: "test", error: { code: "prediction_erased" } },
    ]);
  });

  it("of a zip have its labels wherever it lies in the zip", async () => {
    const { uploads, labels } = started();
    const packed = zipSync({
      "images/1.jpg": strToU8("one"),
      "labels.jsonl": strToU8('{"file": "images/1.jpg", "label": "pear", "part": "train"}'),
    });
    await takeIn([at(new File([new Uint8Array(packed)], "fruit.zip"))], null, uploads);
    expect(await labels()).toEqual([["1.jpg", "pear", "train"]]);
  });

  it("with a mistake are not sent, and the message names file and line", async () => {
    const { uploads, labels } = started();
    const taken = takeIn(
      [at(table("file,label\n1.jpg,a*b"), "set/x.csv"), at(jpeg("1"))],
      null,
      uploads,
    );
    await expect(taken).rejects.toBeInstanceOf(IntakeError);
    await expect(taken).rejects.toMatchObject({ file: "set/x.csv", cause: { line: 2 } });
    expect(await labels()).toEqual([]);
  });

  it.each(["csv", "jsonl"] as const)(
    "that was exported as %s have the same labels",
    async (kind) => {
      const { uploads, labels } = started();
      const image = jpeg("1", "renamed.jpg");
      const row = {
        ...{ sha256: await hashOf(image), label: "=배", part: "validation", group: null },
        ...{ source: "upload", added_by: "tester", added_at: "2026-11-27T02:00:00.000000Z" },
      };
      let text = "";
      const sink = {
        ...{ most: 1e9, close: () => Promise.resolve(), abort: () => Promise.resolve() },
        write: (chunk: unknown) => Promise.resolve((text += String(chunk))).then(() => undefined),
      };
      const images = (async function* () {
        await Promise.resolve();
        yield row;
      })();
      await writeLines(
        kind,
        images,
        () => "original.jpg",
        sink,
        () => undefined,
      );
      await takeIn([at(table(text, `fruit-1.${kind}`)), at(image)], null, uploads);
      expect(await labels()).toEqual([["renamed.jpg", "=배", "validation"]]);
    },
  );
});
