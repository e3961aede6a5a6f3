import { type BackfillRequest, type ModelList, modelRef } from "visionflow-client";

/** The form as typed; an empty text is a field that is left out. */
export interface Draft {
  source: string;
  first: string;
  second: string;
  into: "files" | "records";
  sample: string;
  concurrency: string;
  budget: string;
  role: string;
}

export const EMPTY: Draft = {
  source: "",
  first: "",
  second: "",
  into: "files",
  sample: "",
  concurrency: "",
  budget: "",
  role: "",
};

/**
 * The versions that are compared, `null` where only one classifies. What is in production is the
 * old one, whichever way round the two were chosen.
 */
export function comparedOf(
  draft: Draft,
  { aliases }: ModelList,
): Record<"new" | "old", string> | null {
  const serving = aliases.production === null ? "" : modelRef(aliases.production);
  const first = draft.first || serving;
  if (draft.second === "" || first === "") return null;
  return first === serving ? { new: draft.second, old: first } : { new: first, old: draft.second };
}

/** What serves is named only where it is compared with another version. */
export function toRequest(draft: Draft, models: ModelList): BackfillRequest {
  const compared = comparedOf(draft, models);
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    source: draft.source.trim(),
    models: compared
      ? [compared.new, compared.old]
      : [draft.first, draft.second].filter((ref) => ref !== ""),
    into: compared ? "files" : draft.into,
    sample: number(draft.sample),
    concurrency: number(draft.concurrency),
    max_usd: number(draft.budget),
    role: draft.role.trim() === "" ? null : draft.role.trim(),
  };
}
