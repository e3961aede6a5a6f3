import { ServerText } from "../notice/ServerText";
import type { useFault } from "./fault";

/** Why an input was refused, below it. */
export function FaultReason({ reason }: Pick<ReturnType<typeof useFault>, "reason">) {
  if (reason === null) return null;
  return (
    <span id={reason.id} className="error-text small" data-testid="fault">
      <ServerText text={reason.text} />
    </span>
  );
}
