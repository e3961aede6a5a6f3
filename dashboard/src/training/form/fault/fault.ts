import { createContext, useContext } from "react";

import { ApiError } from "../../../api/errors";

/** The field of a request that the API refused, by its dotted name, and why. */
export interface Fault {
  field: string;
  reason: string;
}

export const FaultContext = createContext<Fault | null>(null);

const REASON = "job-fault";

/** What the API refuses to start, where it names a field. */
export function faultOf(error: Error | null): Fault | null {
  if (!(error instanceof ApiError) || error.field === null) return null;
  return { field: error.field, reason: error.message };
}

/** Whether one of the `fields` of an input was refused: its attributes, and the reason. */
export function useFault(...fields: readonly string[]) {
  const fault = useContext(FaultContext);
  const own = fault !== null && fields.includes(fault.field) ? fault : null;
  return {
    id: REASON,
    reason: own?.reason ?? null,
    attributes: own ? { "aria-invalid": true, "aria-describedby": REASON } : {},
  };
}
