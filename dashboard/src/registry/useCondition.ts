import { ApiError } from "visionflow-client";

import { useReach } from "../access/useReach";
import { useStatus } from "./useStatus";

/** What is wrong with the deployment, or with the caller's access to it. */
export type Condition =
  "asking" | "well" | "offline" | "unreachable" | "signedOut" | "forbidden" | "failing" | "noModel";

/** The one answer to what is wrong, for the header and for the pages. */
export function useCondition(): Condition {
  const reach = useReach();
  const { data, error } = useStatus();
  if (reach !== "reached") return reach;
  if (error instanceof ApiError) {
    if (error.code === "forbidden") return "forbidden";
    if (error.code === "unauthorized" || error.code === "not_signed_in") return "signedOut";
    if (error.unreachable) return "unreachable";
    return "failing";
  }
  if (error) return "failing";
  if (data === undefined) return "asking";
  return data.status === "ok" && data.model ? "well" : "noModel";
}
