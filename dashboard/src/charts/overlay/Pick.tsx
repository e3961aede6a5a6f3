import css from "./Pick.module.css";

interface PickProps {
  /** What would be compared, for screen readers. */
  name: string;
  chosen: boolean;
  /** As many as can be told apart are chosen already. */
  full: boolean;
  onChange: (chosen: boolean) => void;
}

/** Chooses one row for the comparison of curves. */
export function Pick({ name, chosen, full, onChange }: PickProps) {
  return (
    <input
      type="checkbox"
      className={css.pick}
      aria-label={name}
      checked={chosen}
      disabled={full && !chosen}
      onChange={({ target }) => {
        onChange(target.checked);
      }}
      data-testid="pick-curve"
    />
  );
}
