import { useFault } from "./fault";

/** Why one of the fields was refused, in the API's own words. */
export function FaultReason({ fields }: { fields: readonly string[] }) {
  const { id, reason } = useFault(...fields);
  if (reason === null) return null;
  return (
    <span id={id} className="error-text small" lang="en" data-testid="fault">
      {reason}
    </span>
  );
}
