import type { TFunction } from "i18next";

/** As `visionflow/datasets/flow.py`. */
const FLOW_RULE = "the flow rule";

/** Who added an image or froze a version: a person by their name, or the rule. */
export function authorText(t: TFunction, by: string): string {
  return by === FLOW_RULE ? t("data.flowRule") : by;
}
