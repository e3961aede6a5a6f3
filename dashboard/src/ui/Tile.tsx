import css from "./Tile.module.css";

interface TileProps {
  name: string;
  /** `null` while loading. */
  value: string | null;
  note?: string;
  tone?: "good" | "unsure" | "bad" | undefined;
  testId?: string;
}

/** One number with its name. */
export function Tile({ name, value, note, tone, testId }: TileProps) {
  return (
    <div className={`card ${css.tile}`} data-testid={testId}>
      <p className={css.name}>{name}</p>
      <p className={`${css.value} ${tone ? css[tone] : ""}`}>{value ?? "–"}</p>
      {note !== undefined && <p className={css.note}>{note}</p>}
    </div>
  );
}
