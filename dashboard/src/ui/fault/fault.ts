import { createContext, useContext, useId } from "react";
import { ApiError } from "visionflow-client";

/** The field of a request that the API refused, by its dotted name, and why. */
export interface Fault {
  field: string;
  reason: string;
}

/** What a form was refused for; its fields mark themselves. */
export const FaultContext = createContext<Fault | null>(null);

/** What the API refuses, where it names a field. */
export function faultOf(error: Error | null): Fault | null {
  if (!(error instanceof ApiError) || error.field === null) return null;
  return { field: error.field, reason: error.message };
}

/**
 * Whether one of the `fields` of an input was refused: the input's attributes, and what
 * `FaultReason` shows. `hint` is the id of what else describes the input.
 */
export function useFault(fields: readonly string[], hint?: string) {
  const fault = useContext(FaultContext);
  const id = useId();
  const own = fault !== null && fields.includes(fault.field) ? fault : null;
  const describedBy = [hint, own && id].filter(Boolean).join(" ");
  return {
    reason: own && { id, text: own.reason },
    attributes: {
      ...(own && { "aria-invalid": true }),
      ...(describedBy !== "" && { "aria-describedby": describedBy }),
    },
  };
}
