import type { i18n, TFunction } from "i18next";

import type { Language } from "..";
import { decimal, percent } from "../format";
import en from "./en.json";
import ko from "./ko.json";

/** Adds the texts of a comparison, which come with its code: no other page waits for them. */
export function addComparisonTexts(instance: i18n): void {
  if (instance.getResource("en", "translation", "comparison") !== undefined) return;
  for (const [language, comparison] of Object.entries({ en, ko })) {
    instance.addResourceBundle(language, "translation", { comparison }, true);
  }
}

/** A label; `null` is the answer that the image is unknown. */
export function answerText(t: TFunction, label: string | null): string {
  return label ?? t("status.unknown");
}

/** A group of images: a folder, or a range such as `<0.1`, `0.5-2` or `>8`. */
export function sliceText(
  t: TFunction,
  language: Language,
  { by, value }: { by: "folder" | "size" | "confidence"; value: string },
): string {
  if (by === "folder") return value === "" ? t("comparison.topFolder") : value;
  const number = (text: string) =>
    by === "confidence"
      ? percent(Number(text), language)
      : t("comparison.megapixels", { n: decimal(Number(text), language) });
  if (value.startsWith("<")) return t("comparison.under", { high: number(value.slice(1)) });
  if (value.startsWith(">")) return t("comparison.over", { low: number(value.slice(1)) });
  const [low = "", high = ""] = value.split("-");
  return t("comparison.range", { low: number(low), high: number(high) });
}
