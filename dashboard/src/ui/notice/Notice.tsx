import type { ReactNode } from "react";

import css from "./Notice.module.css";

interface NoticeProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  testId?: string;
}

/** An empty state: what is missing, why, and what to do. */
export function Notice({ icon, title, children, testId }: NoticeProps) {
  return (
    <div className={css.notice} data-testid={testId}>
      <span className={css.icon}>{icon}</span>
      <p className={css.title}>{title}</p>
      {children}
    </div>
  );
}
