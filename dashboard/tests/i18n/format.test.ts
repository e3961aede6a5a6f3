import { describe, expect, it } from "vitest";

import { fileSize, milliseconds, percent, score } from "../../src/i18n/format";

describe("percent", () => {
  it("never rounds up to certainty", () => {
    expect(percent(0.99996, "en")).toBe("99.9%");
    expect(percent(1, "en")).toBe("100.0%");
  });
});

describe("a score", () => {
  it("has three digits, whatever it is", () => {
    expect(score(0.96, "en")).toBe("0.960");
    expect(score(0.99996, "en")).toBe("0.999");
  });
});

describe("milliseconds", () => {
  it("shows a tenth only where it means something", () => {
    expect(milliseconds(3.27, "en")).toBe("3.3 ms");
    expect(milliseconds(1234.5, "en")).toBe("1,235 ms");
  });
});

describe("fileSize", () => {
  it("picks the unit", () => {
    expect(fileSize(52_300, "ko")).toBe("52.3 kB");
    expect(fileSize(4_400_000, "en")).toBe("4.4 MB");
  });
});
