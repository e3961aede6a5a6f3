import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { ClassChange, ModelName, Move, MovePreview } from "visionflow-client";

import { modelKey } from "../registry/chosen";

type Effect = MovePreview["effects"][number];

type ClassKind = "lost" | "gained" | "renamed" | "reordered";

interface Change {
  kind: Effect["kind"] | ClassKind | "same" | "records" | "nothing";
  text: string;
}

const MOST_NAMED = 12;

/** The question of a confirmation, and its button. */
export function useMoveTitle(move: Move): { title: string; confirm: string } {
  const { t } = useTranslation();
  const to = "version" in move ? modelKey(move) : "";
  switch (move.action) {
    case "promote":
      return { title: t("models.promoteTitle", { to }), confirm: t("models.promote") };
    case "rollback":
      return { title: t("models.rollbackTitle"), confirm: t("models.rollback") };
    case "canary":
      return { title: t("models.canaryTitle", { to }), confirm: t("models.makeCanary") };
    case "shadow":
      return { title: t("models.shadowTitle", { to }), confirm: t("models.makeShadow") };
    case "retire":
      return { title: t("models.retireTitle", { to }), confirm: t("models.retire") };
    case "end_canary":
      return { title: t("models.endCanaryTitle"), confirm: t("models.endCanary") };
    case "end_shadow":
      return { title: t("models.endShadowTitle"), confirm: t("models.endShadow") };
  }
}

/** One sentence for each thing that a move changes; `null` until the API has said what. */
export function useEffectTexts(preview: MovePreview | undefined): Change[] | null {
  const { t } = useTranslation();
  if (!preview) return null;
  const { effects, classes } = preview;
  if (effects.length === 0) return [{ kind: "nothing", text: t("models.effects.nothing") }];
  const answers = effects.some(({ kind }) => kind === "production" || kind.startsWith("canary"));
  return [
    ...effects.flatMap((effect, index) => [
      effectText(t, effect),
      // That classes stay is worth saying of what the move is about.
      ...classes
        .filter((change) => isOf(change, effect))
        .flatMap((change) => classTexts(t, change))
        .filter(({ kind }) => index === 0 || kind !== "same"),
    ]),
    ...(answers ? [{ kind: "records" as const, text: t("models.effects.records") }] : []),
  ];
}

/** Whether it is about the images that get another version by this effect. */
function isOf({ model, instead_of: from }: ClassChange, effect: Effect): boolean {
  if (effect.kind === "canary_ends") return isSame(from, effect.model);
  const answers = effect.kind === "production" || effect.kind === "canary";
  return answers && isSame(model, effect.model) && isSame(from, effect.instead_of);
}

function isSame(one: ModelName, other: ModelName | null): boolean {
  return other !== null && modelKey(one) === modelKey(other);
}

function effectText(t: TFunction, { kind, model, instead_of: from, percent }: Effect): Change {
  const named = (one: ModelName | null) => (one ? modelKey(one) : t("models.nobody"));
  const slots = { model: named(model), from: named(from) };
  switch (kind) {
    case "production":
      return { kind, text: t(from ? "models.effects.production" : "models.effects.first", slots) };
    case "canary": {
      const share = percent ?? 0;
      const text = t("models.effects.canary", { ...slots, percent: share, rest: 100 - share });
      return { kind, text };
    }
    case "rollback_to":
      return { kind, text: t(model ? "models.effects.rollback_to" : "models.effects.end", slots) };
    default:
      return { kind, text: t(`models.effects.${kind}`, slots) };
  }
}

function classTexts(t: TFunction, change: ClassChange): Change[] {
  const { lost, gained, kept, percent, renamed, reordered } = change;
  const line = (kind: ClassKind, names: readonly string[]): Change => {
    const slots = { n: names.length, names: some(t, names), percent };
    const text =
      percent === 100
        ? t(`models.effects.${kind}`, slots)
        : t(`models.effects.${kind}_part`, slots);
    return { kind, text };
  };
  const changes = [
    ...(lost.length > 0 ? [line("lost", lost)] : []),
    ...(gained.length > 0 ? [line("gained", gained)] : []),
    ...(renamed.length > 0
      ? [
          line(
            "renamed",
            renamed.map(({ before, now }) => `${before} → ${now}`),
          ),
        ]
      : []),
    ...(reordered ? [line("reordered", [])] : []),
  ];
  const same = t("models.effects.same", { n: kept });
  return changes.length > 0 ? changes : [{ kind: "same", text: same }];
}

function some(t: TFunction, names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(", ");
  const n = names.length - MOST_NAMED;
  return n > 0 ? t("models.effects.more", { names: shown, n }) : shown;
}
