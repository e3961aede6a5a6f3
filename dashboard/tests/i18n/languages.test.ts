import { describe, expect, it } from "vitest";

import description from "../../../lambdas/api/openapi.json";
import { createI18n, initialLanguage, loadTexts, speak } from "../../src/i18n";
import { speaking } from "../speaking";
import backfillsEn from "../../src/i18n/backfills/en.json";
import backfillsKo from "../../src/i18n/backfills/ko.json";
import comparisonEn from "../../src/i18n/comparison/en.json";
import comparisonKo from "../../src/i18n/comparison/ko.json";
import dataEn from "../../src/i18n/data/en.json";
import dataKo from "../../src/i18n/data/ko.json";
import deviceEn from "../../src/i18n/device/en.json";
import deviceKo from "../../src/i18n/device/ko.json";
import en from "../../src/i18n/en.json";
import ko from "../../src/i18n/ko.json";
import written from "../data/report.json";
import auditEn from "../../src/i18n/audit/en.json";
import auditKo from "../../src/i18n/audit/ko.json";
import { flatten } from "./flatten";

const placeholders = (text: string) => [...text.matchAll(/{{\w+(, \w+)?}}/g)].map(String).sort();

describe("the two languages", () => {
  const english = flatten({
    ...en,
    backfills: backfillsEn,
    comparison: comparisonEn,
    data: dataEn,
    device: deviceEn,
    actions: auditEn,
  });
  const korean = flatten({
    ...ko,
    backfills: backfillsKo,
    comparison: comparisonKo,
    data: dataKo,
    device: deviceKo,
    actions: auditKo,
  });

  it("have the same keys", () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("say something for each key", () => {
    const empty = [...english, ...korean].filter(([, text]) => text.trim() === "");
    expect(empty).toEqual([]);
  });

  it("leave the same places to fill", () => {
    const filled = (table: Map<string, string>) =>
      Object.fromEntries([...table].map(([key, text]) => [key, placeholders(text)]));
    expect(filled(korean)).toEqual(filled(english));
  });

  it("have a sentence of its own for every error code of the API", () => {
    const codes = description.components.schemas.Problem.properties.code.enum;
    for (const { errors } of [en, ko]) {
      expect(Object.keys(errors)).toEqual(expect.arrayContaining(codes));
      expect(new Set(Object.values(errors)).size).toBe(Object.keys(errors).length);
    }
  });

  it("name every check of the gate that training makes", () => {
    const checks = written.gate.map(({ name }) => name).sort();
    expect(Object.keys(en.gate).sort()).toEqual(checks);
  });
});

describe("the language at the start", () => {
  it("is the browser's where the page speaks it", () => {
    expect(initialLanguage(localStorage, ["fr-FR", "ko-KR", "en-US"])).toBe("ko");
    expect(initialLanguage(localStorage, ["en-GB"])).toBe("en");
  });

  it("is English where the page speaks none of the browser's", () => {
    expect(initialLanguage(localStorage, ["fr-FR"])).toBe("en");
  });

  it("is the one that was chosen last", async () => {
    await speaking("en").changeLanguage("ko");
    expect(initialLanguage(localStorage, ["en-US"])).toBe("ko");
  });

  it("loads its texts when it is asked for, and only then", async () => {
    const i18n = createI18n("en", { en: await loadTexts("en") });
    expect(i18n.getResource("ko", "translation", "app")).toBeUndefined();
    await speak(i18n, "ko");
    expect(i18n.t("app.theme", { theme: "" })).toContain("테마");
  });

  it("is the document's language", async () => {
    const i18n = speaking("ko");
    expect(document.documentElement.lang).toBe("ko");
    await i18n.changeLanguage("en");
    expect(document.documentElement.lang).toBe("en");
  });
});
