import { expect, it } from "vitest";

import { mapGroups } from "../../../src/accuracy/map/mapGroups";
import { LabelTree } from "../../../src/registry/labelTree";
import { labels, tree } from "../../largeReport";

const names = (groups: ReturnType<typeof mapGroups>) => groups.map(({ name }) => name);
const all = labels.map((_, index) => index);

it("few labels are groups of their own", () => {
  const few = new LabelTree(["cat", "dog", "car"]);
  expect(names(mapGroups(few, [0, 2]))).toEqual(["cat", "car"]);
});

it("many without parents are one group", () => {
  const [group, ...others] = mapGroups(new LabelTree(labels), all);
  expect(others).toEqual([]);
  expect(group?.labels.size).toBe(labels.length);
});

it("parents of one size are taken apart together, or not at all", () => {
  expect(names(mapGroups(new LabelTree(labels, tree), all))).toEqual(
    Array.from({ length: 10 }, (_, index) => `group ${index}`),
  );
});

it("the largest parents are taken apart while there is room", () => {
  const breeds = Array.from({ length: 40 }, (_, index) => `breed ${index}`);
  const uneven = new LabelTree(
    [...breeds, "tench", "shark"],
    [
      ...breeds.map((name) => ({ name, parent: "dog" })),
      { name: "tench", parent: "fish" },
      { name: "shark", parent: "fish" },
      { name: "dog", parent: "animal" },
      { name: "fish", parent: "animal" },
      { name: "animal", parent: null },
    ],
  );
  const groups = mapGroups(uneven, [...breeds.keys(), 40, 41]);
  expect(names(groups)).toEqual(["dog", "tench", "shark"]);
  expect(groups.map((group) => group.labels.size)).toEqual([40, 1, 1]);
});
