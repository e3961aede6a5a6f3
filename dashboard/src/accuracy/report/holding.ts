import type { ModelDetail } from "visionflow-client";

/** What holds an answer back: the threshold of confidence, and that of familiarity. */
export interface Holding {
  neverUnsure: boolean;
  neverUnfamiliar: boolean;
}

/** An API that is older than this page says only half of it; nothing is claimed then. */
export function holdingOf(
  model: Partial<Pick<ModelDetail, "never_unsure" | "recognises_unfamiliar">> | undefined,
): Holding {
  return {
    neverUnsure: model?.never_unsure === true,
    neverUnfamiliar: model?.recognises_unfamiliar === false,
  };
}
