import type { InputHTMLAttributes } from "react";

import { useFault } from "./fault";
import { FaultReason } from "./FaultReason";

interface FaultInputProps extends InputHTMLAttributes<HTMLInputElement> {
  /** What the API calls it. */
  field: string;
  /** The id of what else describes it. */
  hint?: string;
  /** What the page refuses by itself. */
  isWrong?: boolean;
}

/** An input of text that marks itself, with the reason, where the API refuses it. */
export function FaultInput({ field, hint, isWrong = false, ...input }: FaultInputProps) {
  const fault = useFault([field], hint);
  return (
    <>
      <input
        className="input"
        {...input}
        {...(isWrong && { "aria-invalid": true })}
        {...fault.attributes}
      />
      <FaultReason reason={fault.reason} />
    </>
  );
}
