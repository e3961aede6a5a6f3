import type { Report } from "visionflow-client";
import { describe, expect, it } from "vitest";

import { imagesOf, readReport } from "../../../src/accuracy/report/report";
import { LabelTree } from "../../../src/registry/labelTree";
import written from "../../data/report.json";
import older from "../../data/report.older.json";

/** A type as the compiler sees it in a JSON file: any text where only some are allowed. */
type AsWritten<T> = T extends string
  ? string
  : T extends object
    ? { [Key in keyof T]: AsWritten<T[Key]> }
    : T;

describe("a report that training wrote", () => {
  it("is what the types that are made from Python say", () => {
    const report: AsWritten<Required<Report>> = written; // the compiler's test
    expect(readReport(report as Report)).toBe(report);
    expect(new Set(written.test.confusion.truth).size).toBe(report.data.labels.length);
  });

  it("may lack what training measures since images are grouped", () => {
    const report: AsWritten<Report> = older; // the compiler's test
    expect(readReport(report as Report)).toBe(report);
  });

  it("leads from a cell of the confusion matrix to its images, each once", () => {
    const tree = new LabelTree(written.data.labels);
    const [pair] = written.test.most_confused;
    const images = imagesOf(written.findings, tree, pair?.truth ?? "", pair?.answer ?? "");
    expect(images.length).toBeGreaterThan(0);
    expect(new Set(images.map(({ file }) => file)).size).toBe(images.length);
  });

  it("of an early kind is none", () => {
    expect(readReport({ history: [], models: [] })).toBeNull();
    const { images, ...scores } = written.test;
    expect(images).toBeGreaterThan(0);
    expect(readReport({ ...written, test: scores } as object)).toBeNull();
    expect(readReport(null)).toBeNull();
  });
});
