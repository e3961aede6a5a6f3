import type { ReactNode } from "react";

import css from "./Banner.module.css";

interface BannerProps {
  tone: "bad" | "unsure";
  testId: string;
  children: ReactNode;
}

/** What holds for the whole page, above its content. */
export function Banner({ tone, testId, children }: BannerProps) {
  return (
    <div className={`${css.banner} ${css[tone]}`} role="status" data-testid={testId}>
      {children}
    </div>
  );
}
