import { describe, expect, it } from "vitest";

import { Answers, type Outputs, type Settings } from "../../src/ondevice/answer";
import { FamiliarImages, finestDetail } from "../../src/ondevice/familiar";
import { bytes, vectors } from "./vectors";

const given = vectors.answered;
const file = { url: "", sha256: "", size: 0 };
const settings = {
  ...given,
  familiarity: { ...given.familiarity, file },
} as unknown as Settings;
const familiar = new FamiliarImages(bytes(given.familiar));
const [width, height] = given.image as [number, number];

function outputs(vector: (typeof given.answers)[number]): Outputs {
  return {
    logits: new Float32Array(vector.logits),
    embedding: new Float32Array(vector.embedding),
    cam: new Float32Array(vector.cam),
    camSize: vector.camSize as [number, number],
  };
}

describe("an answer is the one that Python gives", () => {
  it.each(given.answers)("$label, $unknown", (vector) => {
    const answers = new Answers(settings, familiar);
    const measured = answers.measure(outputs(vector), bytes(vector.tensor));
    const named = answers.name(measured);
    expect(named).toMatchObject({
      status: vector.unknown === null ? "ok" : "unknown",
      label: vector.label,
      parents: vector.parents,
      unknownReason: vector.unknown,
    });
    expect(named.confidence).toBeCloseTo(vector.confidence, 5);
    expect(named.familiarity).toBeCloseTo(vector.familiarity, 5);
    expect(named.topK.map(({ label }) => label)).toEqual(vector.topK.map(({ label }) => label));
    named.topK.forEach(({ confidence }, i) => {
      expect(confidence).toBeCloseTo(vector.topK[i]?.confidence ?? NaN, 5);
    });
    const map = answers.explain(
      vector.label,
      outputs(vector),
      measured.probabilities,
      width,
      height,
    );
    expect(map).toMatchObject({ label: vector.label, width: 3, height: 2 });
    expect(map?.values).toHaveLength(2);
    map?.values.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(vector.explanation.values.flat()[i] ?? NaN, 3);
    });
    for (const edge of ["left", "top", "width", "height"] as const) {
      expect(map?.box[edge]).toBeCloseTo(vector.explanation.box[edge], 9);
    }
  });

  it.each(given.answers)("also in the finest detail: $detail", ({ tensor, detail }) => {
    expect(finestDetail(bytes(tensor), given.input.size)).toBeCloseTo(detail, 5);
  });
});

describe("a version", () => {
  const [first] = given.answers;
  if (first === undefined) throw new Error("no vectors");
  const tensor = bytes(first.tensor);

  it("without familiar images is never unfamiliar", () => {
    const answers = new Answers({ ...settings, familiarity: null }, null);
    for (const vector of given.answers) {
      const named = answers.name(answers.measure(outputs(vector), bytes(vector.tensor)));
      expect(named.familiarity).toBeNull();
      expect(named.unknownReason).not.toBe("unfamiliar");
    }
  });

  it("without maps has no explanation", () => {
    const answers = new Answers(settings, familiar);
    const none: Outputs = { ...outputs(first), cam: new Float32Array(), camSize: [0, 0] };
    const { probabilities } = answers.measure(none, tensor);
    expect(answers.explain("tabby", none, probabilities, width, height)).toBeNull();
  });

  it.each([
    ["another number of labels", { logits: new Float32Array(5) }],
    ["a map of another size", { camSize: [3, 3] as [number, number] }],
    ["what is not a number", { logits: new Float32Array([NaN, 0, 0, 0, 0, 0]) }],
    ["an embedding of another model", { embedding: new Float32Array(7) }],
  ])("whose model answers %s is refused", (_, wrong: Partial<Outputs>) => {
    const answers = new Answers(settings, familiar);
    expect(() => answers.measure({ ...outputs(first), ...wrong }, tensor)).toThrow(/model/);
  });

  it("is refused with a file that is not of familiar images", () => {
    expect(() => new FamiliarImages(new Uint8Array(100))).toThrow();
  });
});
