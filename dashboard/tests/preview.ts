import { type ModelList, type MovePreview, readRef } from "visionflow-client";

/** What the API answers about a move where every version has the same classes. */
export function previewOf(
  query: URLSearchParams,
  models: ModelList | null,
  changes: Partial<MovePreview>,
): MovePreview {
  const aliases = models?.aliases ?? { production: null, canary: null, shadow: null };
  const model = readRef(query.get("model")) ?? aliases.production;
  const percent = query.has("percent") ? Number(query.get("percent")) : null;
  const kind = KINDS[query.get("move") ?? ""] ?? "production";
  const effect = { kind, model, percent, instead_of: aliases.production };
  return { revision: 7, aliases, effects: [effect], classes: [], ...changes };
}

const KINDS: Record<string, MovePreview["effects"][number]["kind"]> = {
  canary: "canary",
  end_canary: "canary_ends",
  end_shadow: "shadow_ends",
  shadow: "shadow",
  retire: "retired",
};
