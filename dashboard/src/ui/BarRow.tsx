import type { CSSProperties, ReactNode } from "react";

import css from "./BarRow.module.css";

interface BarRowProps {
  name: ReactNode;
  value: string;
  /** Share of the longest bar, 0..1. */
  share: number;
  /** The name and the value stand above the bar. */
  narrow?: boolean;
  tone?: "main" | "rest" | "unsure" | "bad";
}

/** A bar with a name and a value, in HTML rather than on a canvas. */
export function BarRow({ name, value, share, narrow = false, tone = "main" }: BarRowProps) {
  return (
    <li className={`${css.row} ${narrow ? css.narrow : ""}`}>
      <span className={css.name} title={typeof name === "string" ? name : undefined}>
        {name}
      </span>
      <span className={css.track} aria-hidden>
        <span
          className={`${css.bar} ${css[tone]}`}
          style={{ "--share": `${Math.min(Math.max(share, 0), 1) * 100}%` } as CSSProperties}
        />
      </span>
      <span className={css.value}>{value}</span>
    </li>
  );
}

export function BarRows({ children, testId }: { children: ReactNode; testId?: string }) {
  return (
    <ul className={css.rows} data-testid={testId}>
      {children}
    </ul>
  );
}
