import { createClient } from "visionflow-client";
import { describe, expect, it } from "vitest";

import { countFacts, matching, readFilter } from "../../src/data/facts/filter";
import { everything, kept, moved, NOTHING, toggled } from "../../src/data/facts/selection";
import { FactTable } from "../../src/data/facts/table";
import { Workbench } from "../../src/data/facts/workbench";
import { FakeApi, problem } from "../fakeApi";
import { dataset, hash, image } from "../fakeDatasets";

const MANY = 100_000;
const filter = (text = "") => readFilter(new URLSearchParams(text));

function large(): FactTable {
  const table = new FactTable();
  for (let n = 0; n < MANY; n += 1) {
    table.put(
      image(n, {
        label: n % 3 === 0 ? null : `class ${n % 50}`,
        suspected: n % 7 === 0 ? `class ${n % 20}` : null,
        group: hash(n - (n % 2)),
        source: n % 5 === 0 ? "prediction:1" : "upload",
      }),
    );
  }
  return table;
}

describe("parts", () => {
  const table = new FactTable();
  table.put(image(1, { group: hash(1) }));
  table.put(image(2, { group: hash(1), part: "test" }));
  table.put(image(3, { group: hash(3), part: "train" }));
  table.put(image(4, { group: hash(3) }));
  table.put(image(5, { group: null, part: "test" }));

  it("are filtered, those that are chosen automatically too", () => {
    expect([...matching(table, filter("part=test"))]).toEqual([1, 4]);
    expect([...matching(table, filter("part=auto"))]).toEqual([0, 3]);
  });

  it("that divide look-alikes are found; without a choice an image is for training", () => {
    expect([...matching(table, filter("view=divided"))]).toEqual([0, 1]);
    expect(countFacts(table).divided).toBe(1);
    expect(table.withLookAlikes([0, 4])).toEqual([0, 4, 1]);
  });
});

describe("a hundred thousand images", () => {
  const table = large();

  it("are all shown, and all kept when all are selected", () => {
    const all = matching(table, filter());
    expect(all.length).toBe(MANY);
    expect(kept(all, everything(all, NOTHING)).rows.size).toBe(MANY);
  });

  it("are all counted", () => {
    const counts = countFacts(table);
    expect(counts.images).toBe(MANY);
    expect(counts.labelled + counts.unlabelled).toBe(MANY);
    expect(counts.duplicates).toBe(MANY / 2);
    expect([...counts.byClass.values()].reduce((sum, n) => sum + n, 0)).toBe(counts.labelled);
  });
});

describe("a filter", () => {
  const table = new FactTable();
  for (const one of [
    image(1, { label: "apple" }),
    image(2, { label: "pear", suspected: "apple" }),
    image(3, { suspected: "pear", part: "test" }),
    image(4, { state: "unreadable", error: ["image_unreadable", "broken"] }),
    image(5, { label: "apple", removed: true }),
    image(6, { label: "apple", group: hash(1), source: "prediction:7" }),
    image(7, { state: "pending", outlier: true }),
    image(8, { suspected: "apple" }),
  ]) {
    table.put(one);
  }
  const shown = (text: string) =>
    [...matching(table, filter(text))].map((row) => Number(`0x${table.hash(row)}`));

  it.each([
    ["", [1, 2, 3, 4, 6, 7, 8]],
    ["view=removed", [5]],
    ["view=unlabelled", [3, 8, 7]],
    ["view=suspected", [2]],
    ["view=duplicate", [1, 6]],
    ["view=outlier", [7]],
    ["view=pending", [7]],
    ["view=unreadable", [4]],
    ["label=apple", [1, 6]],
    ["label=unknown", []],
    ["part=test", [3]],
    ["source=prediction", [6]],
    ["view=nonsense&part=nonsense", [1, 2, 3, 4, 6, 7, 8]],
  ])("%s shows its images, those of one suggestion together", (text, rows) => {
    expect(shown(text)).toEqual(rows);
  });
});

describe("a selection", () => {
  const list = new Uint32Array([10, 11, 12, 13]);

  it("grows from its anchor and shrinks again", () => {
    const two = moved(list, moved(list, NOTHING, 1, false), 3, true);
    expect([...two.rows]).toEqual([11, 12, 13]);
    expect([...moved(list, two, 0, true).rows]).toEqual([10, 11]);
    expect(moved(list, two, 99, false).cursor).toBe(3);
  });

  it("is toggled one by one, and loses what the list no longer shows", () => {
    const two = toggled(list, toggled(list, NOTHING, 0), 2);
    expect([...two.rows]).toEqual([10, 12]);
    expect([...toggled(list, two, 0).rows]).toEqual([12]);
    const after = kept(new Uint32Array([12]), two);
    expect([...after.rows]).toEqual([12]);
    expect(after.cursor).toBe(0);
  });
});

describe("a change", () => {
  async function opened(images = [image(1), image(2, { suspected: "pear" })]) {
    const fake = new FakeApi();
    fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
    fake.datasets.images = images;
    const api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
    const bench = new Workbench(api, "fruit");
    await bench.load();
    const settled = async () => {
      while (bench.unsent > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    return { fake, bench, settled };
  }

  it("shows at once, is sent, and can be taken back", async () => {
    const { fake, bench, settled } = await opened();
    bench.change([0, 1], { label: "apple" });
    expect(bench.table.label(1)).toBe("apple");
    expect(bench.table.suggestion(1)).toBeNull();
    await settled();
    expect(fake.datasets.images.map(({ label }) => label)).toEqual(["apple", "apple"]);
    bench.undo();
    expect(bench.table.suggestion(1)).toBe("pear");
    await settled();
    expect(fake.datasets.images.map(({ label }) => label)).toEqual([null, null]);
    expect(bench.canUndo).toBe(false);
  });

  it("of many images goes out in parts that the API takes", async () => {
    const { fake, bench, settled } = await opened(Array.from({ length: 1201 }, (_, n) => image(n)));
    bench.change(
      Array.from({ length: 1201 }, (_, row) => row),
      { label: "pear" },
    );
    await settled();
    expect(fake.datasets.changes.map(({ length }) => length)).toEqual([500, 500, 201]);
  });

  it("that changes nothing is not sent", async () => {
    const { fake, bench } = await opened([image(1, { label: "apple" })]);
    bench.change([0], { label: "apple", removed: false });
    expect(bench.unsent).toBe(0);
    expect(bench.canUndo).toBe(false);
    expect(fake.datasets.changes).toEqual([]);
  });

  it("that is refused is shown as it is, with the reason", async () => {
    const { fake, bench, settled } = await opened();
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/changes") ? problem(409, "dataset_conflict") : null;
    bench.change([0], { label: "apple" });
    await settled();
    await expect.poll(() => bench.error?.message).toContain("dataset_conflict");
    expect(bench.table.label(0)).toBeNull();
  });

  it("outlives facts that are read before the API has it", async () => {
    const { fake, bench, settled } = await opened();
    fake.delay = 30;
    bench.change([0], { removed: true });
    await bench.load();
    expect(bench.table.removed(0)).toBe(true);
    await settled();
    expect(fake.datasets.images[0]?.removed).toBe(true);
  });
});
