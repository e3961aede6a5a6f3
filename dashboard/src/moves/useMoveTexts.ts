import { useTranslation } from "react-i18next";

import type { Move } from "../api/models";
import type { ModelList, ModelName } from "../api/types";
import { modelKey } from "../registry/chosen";

/** The texts of a confirmation: the question, and everything that changes. */
export function useMoveTexts(move: Move, { items, aliases }: ModelList) {
  const { t } = useTranslation();
  const { production, canary, shadow } = aliases;
  const named = (model: ModelName | null) =>
    model ? `${model.name} ${model.version}` : t("models.nobody");
  // The list may be older than the version that moves.
  const wanted = "version" in move ? move : null;
  const target = wanted && items.find((item) => modelKey(item) === modelKey(wanted));
  const to = named(wanted);
  const from = named(production);
  const noGate = target && !target.gate_passed ? [t("models.changesNoGate", { to })] : [];

  switch (move.action) {
    case "promote":
      return {
        title: t("models.promoteTitle", { to }),
        confirm: t("models.promote"),
        changes: [
          t("models.changesProduction", { from, to }),
          ...noGate,
          ...(canary ? [t("models.changesCanaryStays", { canary: named(canary) })] : []),
          t("models.changesRecords"),
        ],
      };
    case "rollback":
      return {
        title: t("models.rollbackTitle"),
        confirm: t("models.rollback"),
        changes: [t("models.changesRollback", { from }), t("models.changesRecords")],
      };
    case "canary":
      return {
        title: t("models.canaryTitle", { to }),
        confirm: t("models.makeCanary"),
        changes: [
          t("models.changesCanary", { to, percent: move.percent }),
          t("models.changesRest", { from, percent: 100 - move.percent }),
          ...noGate,
          ...(canary && modelKey(canary) !== modelKey(move)
            ? [t("models.changesCanaryEnds", { canary: named(canary) })]
            : []),
        ],
      };
    case "shadow":
      return {
        title: t("models.shadowTitle", { to }),
        confirm: t("models.makeShadow"),
        changes: [
          t("models.changesShadow", { to, from }),
          ...(shadow ? [t("models.changesShadowEnds", { shadow: named(shadow) })] : []),
        ],
      };
    case "retire":
      return {
        title: t("models.retireTitle", { to }),
        confirm: t("models.retire"),
        changes: [t("models.changesRetire", { to })],
      };
    case "end_canary":
      return {
        title: t("models.endCanaryTitle"),
        confirm: t("models.endCanary"),
        changes: [t("models.changesEndCanary", { from, canary: named(canary) })],
      };
    case "end_shadow":
      return {
        title: t("models.endShadowTitle"),
        confirm: t("models.endShadow"),
        changes: [t("models.changesEndShadow", { shadow: named(shadow) })],
      };
  }
}
