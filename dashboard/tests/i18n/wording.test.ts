import { describe, expect, it } from "vitest";

import backfillsEn from "../../src/i18n/backfills/en.json";
import backfillsKo from "../../src/i18n/backfills/ko.json";
import comparisonEn from "../../src/i18n/comparison/en.json";
import comparisonKo from "../../src/i18n/comparison/ko.json";
import dataEn from "../../src/i18n/data/en.json";
import dataKo from "../../src/i18n/data/ko.json";
import en from "../../src/i18n/en.json";
import ko from "../../src/i18n/ko.json";
import { flatten } from "./flatten";

const english = flatten({ ...en, backfills: backfillsEn, comparison: comparisonEn, data: dataEn });
const korean = flatten({ ...ko, backfills: backfillsKo, comparison: comparisonKo, data: dataKo });

function matching(texts: Map<string, string>, pattern: RegExp): string[] {
  return [...texts]
    .filter(([, text]) => pattern.test(text))
    .map(([key, text]) => `${key}: ${text}`);
}

/** Their form depends on the last letter before them, which a slot does not tell. */
const PARTICLES = "을|를|은|는|이|가(?!지)|과|와|로|으로|나|이나|라|랑|아|야";

/** One Korean term for each concept: what the page says, and what it must not say instead. */
const GLOSSARY: [term: string, rejected: RegExp][] = [
  ["S3 키", /객체 키/],
  ["유입 경로", /(?<!유입 )경로$|출처$/],
  ["그리드", /격자/],
  ["테마", /화면 색/],
  ["AWS 공시 가격 기준", /정가/],
  ["롤백", /되돌리[기는]|되돌림/],
  ["머신", /장비/],
  ["컨트롤 플레인", /제어 영역/],
  ["의심 레이블", /의심되는/],
  ["유사 이미지", /비슷한 이미지 그룹|유사 그룹/],
  ["채택", /수락/],
  ["정정", /수정됨|수정된 기록/],
  ["확신 부족", /^불확실$/],
  ["분류 기록", /예측[이을] |예측의 /],
  ["결과는 기록만 하고 응답에는 쓰지 않습니다", /응답하지 않습니다|내보내지 않습니다/],
  ["이미지 N장", /(?<!낯선 )이미지 \{\{[^}]*\}\}(개|건)|\{\{[^}]*\}\}(개|건) (이미지|사진)/],
  ["하세요", /주세요|십시오/],
  ["할까요?", /니까\?|하시겠습/],
];

describe("the Korean texts", () => {
  it("have no particle whose form a slot decides", () => {
    expect(matching(korean, new RegExp(`\\}\\}[”’"']*\\(?(${PARTICLES})`))).toEqual([]);
    const remark = "[”’]*\\(\\{\\{\\w+\\}\\}\\)";
    expect(matching(korean, new RegExp(`\\}\\}${remark}(${PARTICLES})`))).toEqual([]);
  });

  it("never leave the choice of a particle to the reader", () => {
    expect(matching(korean, /[을를은는이가과와]\([을를은는이가과와]\)|\([으이]\)/)).toEqual([]);
  });

  it.each(GLOSSARY)("say “%s” for one concept", (_term, rejected) => {
    expect(matching(korean, rejected)).toEqual([]);
  });

  it("say what the page's most used words are called", () => {
    expect(ko.record.object).toBe("S3 키");
    expect([ko.record.source, ko.history.source, dataKo.source]).toEqual(
      Array(3).fill("유입 경로"),
    );
    expect(ko.history.views.grid).toBe("그리드");
    expect(ko.history.live).toBe("연결됨");
    expect(ko.accuracy.tabs.confusion).toBe("혼동 행렬");
    expect(ko.app.theme).toBe("테마: {{theme}}");
    expect(ko.live.costNote).toBe("AWS 공시 가격 기준");
    expect(ko.move.promote).toBe("운영으로 승격");
    expect(ko.training.anyMachine).toBe("사용 가능한 머신 자동 선택");
    expect(ko.models.shadowText).toContain("결과는 기록만 하고 응답에는 쓰지 않습니다");
    expect(ko.feedback.ask).toBe("“{{label}}” 레이블이 맞나요?");
    expect(ko.models.promoteTitle).toBe("{{to}} 버전을 승격할까요?");
  });
});

describe("the English texts", () => {
  const counted =
    "images|labels|classes|groups|versions|rows|records|jobs|epochs|folds|photos|files|minutes|" +
    "hours|days|times|passes|settings|pixels|others";

  it("are right for one: no plural follows a number that may be 1", () => {
    const singular = [...english].filter(([key]) => !/_(one|other)$/.test(key));
    const pattern = new RegExp(`\\}\\} (?:[\\w-]+ ){0,2}(?:${counted})\\b`);
    expect(matching(new Map(singular), pattern)).toEqual([]);
  });

  it("are what people say", () => {
    const odd =
      /^Bucket$|^Form$|All in the history|further back|Take versions|Trunk|File as given|by itself|Whoever|Anybody|in full|tell them apart|when it holds|was taught|not taught|Nothing fits|anew/;
    expect(matching(english, odd)).toEqual([]);
  });
});
