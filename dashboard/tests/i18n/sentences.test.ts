import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { sentenceText } from "../../src/i18n/sentences";

describe("what the server says", () => {
  it.each([
    ["Stopped on request.", "요청에 따라 중지했습니다."],
    ["The budget is spent: 1.50 of 1.00 USD.", "예산을 모두 사용했습니다: 1.00 USD 중 1.50 USD."],
    [
      "The machine was interrupted. Resume the job to go on.",
      "머신이 중단되었습니다. 작업을 재개하면 이어서 진행합니다.",
    ],
    [
      "minmax: int8 is not faster: it takes 1.20 times as long as fp32",
      "minmax: int8이 빠르지 않습니다. fp32 대비 실행 시간 1.20배",
    ],
    ["none; none", "양자화하지 않음"],
  ])("is in Korean too: %s", (said, korean) => {
    expect(sentenceText(said, "ko")).toBe(korean);
    expect(sentenceText(said, "en")).toBe(said);
  });

  it("is no sentence of the server where a person wrote it", () => {
    expect(sentenceText("better on cats; faster", "ko")).toBeNull();
    expect(sentenceText("note: seen by ann", "ko")).toBeNull();
  });

  it("is shown in English nowhere but beside a sentence of its code", () => {
    const places = readdirSync("src", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".tsx"))
      .map((file) => `src/${file}`)
      .filter((file) => readFileSync(file, "utf8").includes('lang="en"'));
    expect(places.sort()).toEqual([
      "src/data/classes/ClassDialog.tsx", // the English name of a class
      "src/predict/result/ResultPanel.tsx",
      "src/records/record/RecordView.tsx",
      "src/training/form/fault/FaultReason.tsx", // beside the field that it marks
      "src/ui/notice/Problem.tsx",
      "src/ui/notice/ServerText.tsx", // what the page does not know
    ]);
  });
});
