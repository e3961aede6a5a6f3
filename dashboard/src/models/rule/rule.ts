import type { RollbackRule } from "visionflow-client";

/** The rule's limits that are shares, in the order in which they are checked. */
export const SHARES = ["max_error_rate", "max_unknown_rate", "max_disagreement"] as const;

type Field = "min_images" | (typeof SHARES)[number];

/** The rule as typed in its form: shares in percent, empty for no limit. */
export type RuleForm = Record<Field, string> & { enabled: boolean };

export function formOf(rule: RollbackRule): RuleForm {
  return {
    enabled: rule.enabled,
    min_images: String(rule.min_images),
    max_error_rate: percentText(rule.max_error_rate),
    max_unknown_rate: percentText(rule.max_unknown_rate),
    max_disagreement: percentText(rule.max_disagreement),
  };
}

export function ruleOf(form: RuleForm): RollbackRule {
  return {
    enabled: form.enabled,
    min_images: Number(form.min_images),
    max_error_rate: shareOf(form.max_error_rate),
    max_unknown_rate: shareOf(form.max_unknown_rate),
    max_disagreement: shareOf(form.max_disagreement),
  };
}

/** Percent, empty for no limit. A share has six digits: 0.07 * 100 is 7.000000000000001. */
export function percentText(share: number | null): string {
  return share === null ? "" : String(Number((share * 100).toFixed(4)));
}

export function shareOf(text: string): number | null {
  return text === "" ? null : Number((Number(text) / 100).toFixed(6));
}
