import { describe, expect, it } from "vitest";

import { estimate, imbalance } from "../../../src/training/form/estimate";
import { fieldGroups, totalEpochs } from "../../../src/training/form/settings";
import { job, trainingOptions } from "../../jobs";

const OPTIONS = trainingOptions();
const FLOWERS = OPTIONS.configs.find(({ name }) => name === "flowers");
const images = () => 750;

describe("an estimate", () => {
  const request = { config: "flowers", on_demand: false };
  const past = [job("a", { state: "succeeded" }), job("b", { state: "failed" })];

  it("scales what jobs like it took to its images and epochs", () => {
    const found = estimate(request, 20, 1500, OPTIONS.instances[0], past, images);
    expect(found).toMatchObject({ seconds: 180 + 30 * 2 * 20, jobs: 1 });
    expect(found?.usd).toBeCloseTo(((180 + 1200) / 3600) * 0.22);
  });

  it("is none where no such job has finished", () => {
    expect(estimate(request, 20, 1500, OPTIONS.instances[1], past, images)).toBeNull();
    expect(
      estimate({ ...request, config: "cifar10" }, 20, 1500, OPTIONS.instances[0], past, images),
    ).toBeNull();
  });
});

describe("a configuration", () => {
  if (FLOWERS === undefined) throw new Error("training offers no flowers");

  it("shows the fields of its recipe, the main ones first", () => {
    const { main, others } = fieldGroups(FLOWERS, "finetune", OPTIONS.recipes);
    expect(main.map(({ name }) => name)).toContain("finetune.head.epochs");
    const names = others.flatMap(({ fields }) => fields.map(({ name }) => name));
    expect(names.some((name) => name.startsWith("scratch."))).toBe(false);
    expect(names).toContain("augment.mixup");
  });

  it("counts the epochs of every phase", () => {
    const usual = totalEpochs(FLOWERS, "finetune", {});
    expect(totalEpochs(FLOWERS, "finetune", { "finetune.head.epochs": 0 })).toBeLessThan(usual);
  });
});

describe("imbalance", () => {
  it("is the largest class by the smallest", () => {
    expect(imbalance({ a: 300, b: 100 })).toBe(3);
    expect(imbalance({})).toBeNull();
  });
});
