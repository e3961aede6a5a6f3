import type { TFunction } from "i18next";

import { MAX_DIRECT_BYTES } from "../api/limits";
import { fileSize } from "../ui/format";
import en from "./en.json";
import type { Language } from "./index";

/** The sentence for an error code of the API or of a failed record. */
export function errorText(t: TFunction, language: Language, code: string): string {
  if (!isKey(en.errors, code)) return t("unlistedError", { code });
  return t(`errors.${code}`, { limit: fileSize(MAX_DIRECT_BYTES, language) });
}

/** The name of a step in `timings`; a step that is new here is shown by its own name. */
export function timingText(t: TFunction, step: string): string {
  return isKey(en.timing, step) ? t(`timing.${step}`) : step;
}

function isKey<Table extends object>(table: Table, key: PropertyKey): key is keyof Table {
  return Object.hasOwn(table, key);
}
