import type { ReactNode } from "react";

import css from "./Pairs.module.css";

/** What becomes of what, as a list to choose from. */
export function Pairs({ children, testId }: { children: ReactNode; testId: string }) {
  return (
    <ul className={css.pairs} data-testid={testId}>
      {children}
    </ul>
  );
}

interface PairProps {
  from: string;
  to: string;
  /** How often. */
  note: string;
  isChosen: boolean;
  onChoose: () => void;
}

export function Pair({ from, to, note, isChosen, onChoose }: PairProps) {
  return (
    <li>
      <button type="button" className={css.pair} aria-pressed={isChosen} onClick={onChoose}>
        <span>
          {from} → <strong>{to}</strong>
        </span>
        <span className={`muted numeric ${css.note}`}>{note}</span>
      </button>
    </li>
  );
}
