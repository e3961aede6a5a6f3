import { describe, expect, it } from "vitest";

import { picturesOf, readReport, wilson } from "../../../src/accuracy/report/report";
import type { Report } from "../../../src/api/artifact";
import written from "../../data/report.json";

/** A type as the compiler sees it in a JSON file: any text where only some are allowed. */
type AsWritten<T> = T extends string
  ? string
  : T extends object
    ? { [Key in keyof T]: AsWritten<T[Key]> }
    : T;

describe("a report that training wrote", () => {
  it("is what the types that are made from Python say", () => {
    const report: AsWritten<Report> = written; // the compiler's test
    expect(readReport(report)).toBe(report);
    expect(report.test.confusion).toHaveLength(report.data.labels.length);
  });

  it("leads from a cell of the confusion matrix to its pictures, each once", () => {
    const [pair] = written.test.most_confused;
    const pictures = picturesOf(written.findings, pair?.truth ?? "", pair?.answer ?? "");
    expect(pictures.length).toBeGreaterThan(0);
    expect(new Set(pictures.map(({ file }) => file)).size).toBe(pictures.length);
  });

  it("of an early kind is none", () => {
    expect(readReport({ history: [], models: [] })).toBeNull();
    expect(readReport(null)).toBeNull();
  });
});

describe("wilson", () => {
  it("agrees with the interval that Python wrote", () => {
    const { top1, pictures, top1_interval: interval } = written.test;
    const computed = wilson(Math.round(top1 * pictures), pictures);
    expect(computed?.low).toBeCloseTo(interval.low, 6);
    expect(computed?.high).toBeCloseTo(interval.high, 6);
  });

  it("knows nothing without an observation", () => {
    expect(wilson(0, 0)).toBeNull();
  });
});
