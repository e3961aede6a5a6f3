import css from "./LabelPath.module.css";

/** The parents of a label from the top down: where it belongs. Nothing for a label without. */
export function LabelPath({ above }: { above: readonly string[] }) {
  if (above.length === 0) return null;
  return (
    <span className={css.path} data-testid="label-path">
      {above.join(" › ")}
    </span>
  );
}
