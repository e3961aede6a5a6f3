import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { isActor } from "../../src/i18n/actors";
import errors from "../../src/i18n/errors.ko.json";
import sentences from "../../src/i18n/sentences.json";
import { inKorean } from "../../src/i18n/sentences";

const ID = "01M8EW49C5TCN91P2HRK8KGT36";
const TRAINING = /^(training job|instant training|학습 작업|즉시 학습) \{a\}$/;

/** A template as the server fills it, with values that are nobody's sentence. */
const filled = (template: string) =>
  template.replace(/\{(\w+)(?::state)?\}/g, (_slot, name: string) =>
    name === "characters" ? "12" : TRAINING.test(template) ? ID : `‹${name}›`,
  );

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
    ["There is no dataset 'mugs'.", "해당 데이터셋이 없습니다: 'mugs'."],
    [
      "label 'a/b' holds /, which the name of a folder cannot hold.",
      "레이블 'a/b': 폴더 이름에 쓸 수 없는 문자 / 포함.",
    ],
    [
      "The body does not fit (body.percent: expected int, found 'x').",
      "본문의 형식이 맞지 않습니다(body.percent: int 형식이어야 합니다(받은 값: 'x')).",
    ],
    ["The job is running.", "작업의 현재 상태: 실행 중."],
    ["the flow rule", "수집 규칙"],
  ])("is in Korean too: %s", (said, korean) => {
    expect(inKorean(said)).toBe(korean);
  });

  const templates = [
    ...Object.values(sentences).map(({ en, ko }) => [en, ko] as const),
    ...Object.entries(errors),
  ].filter(([english]) => english.replace(/\{\w+\}|[^A-Za-z]/g, "").length > 8);

  it.each(templates)("is not taken for another sentence: %s", (english, korean) => {
    expect(inKorean(filled(english))).toBe(filled(korean));
  });

  it("has no particle whose form a value decides", () => {
    const particle =
      /\}[”’"']*\(?(을|를|은|는|이(?![다어])|가(?!지)|과|와|로|으로|나|이나|라|랑|아|야)/;
    expect(templates.map(([, korean]) => korean).filter((text) => particle.test(text))).toEqual([]);
  });

  it("is no sentence of the server where a person wrote it", () => {
    expect(inKorean("better on cats; faster")).toBeNull();
    expect(inKorean("note: seen by ann")).toBeNull();
    expect(inKorean("The name of this one is good.")).toBeNull();
    expect(inKorean("the class cats is empty now.")).toBeNull();
  });

  it.each(["running", "waiting", "failed", "done", "You", "training job 7 of ann"])(
    "leaves a name as it is: %s",
    (name) => {
      expect(inKorean(`class ${name} lost 3.0 points, at most 2.0 are allowed`)).toContain(
        `${name} 클래스의 손실`,
      );
      expect(inKorean(`There is no dataset ${name}.`)).toBe(`해당 데이터셋이 없습니다: ${name}.`);
      expect(inKorean(`Job ${name} is running; it cannot be stopped.`)).toBe(
        `작업 ${name}: 실행 중 상태에서는 중지할 수 없습니다.`,
      );
    },
  );

  it("is not searched for in a text that is longer than any", () => {
    expect(inKorean("a: ".repeat(3_000))).toBeNull();
    expect(inKorean("too many characters")).toBeNull();
  });

  it("is only said by who is no person", () => {
    for (const by of ["the flow rule", `training job ${ID}`, `instant training ${ID}`]) {
      expect(isActor(by)).toBe(true);
      expect(inKorean(by)).not.toBeNull();
    }
    for (const by of ["ann@team.test", "training job uploader", "the flow rules", "done"]) {
      expect(isActor(by)).toBe(false);
    }
  });

  it("is shown in English only where the page does not know it", () => {
    const places = readdirSync("src", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".tsx"))
      .map((file) => `src/${file}`)
      .filter((file) => readFileSync(file, "utf8").includes('lang="en"'));
    expect(places.sort()).toEqual([
      "src/data/classes/ClassDialog.tsx", // the English name of a class
      "src/ui/notice/ServerText.tsx", // what the page does not know
    ]);
  });
});
