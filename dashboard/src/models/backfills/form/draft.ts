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

/** What serves is named where it is compared with another version. */
export function toRequest(draft: Draft, { aliases }: ModelList): BackfillRequest {
  const serving = aliases.production === null ? "" : modelRef(aliases.production);
  const first = draft.first === "" && draft.second !== "" ? serving : draft.first;
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    source: draft.source.trim(),
    models: [first, draft.second].filter((ref) => ref !== ""),
    into: draft.into,
    sample: number(draft.sample),
    concurrency: number(draft.concurrency),
    max_usd: number(draft.budget),
    role: draft.role.trim() === "" ? null : draft.role.trim(),
  };
}

/** The same start sent twice starts once. Not `randomUUID`, which needs https off localhost. */
export function newKey(): string {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
