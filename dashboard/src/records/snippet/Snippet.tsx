import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import css from "./Snippet.module.css";

const SnippetCode = lazy(() => import("./SnippetCode"));

/** How a program gets the same answer; loaded when somebody asks. */
export function Snippet({ record }: { record: Pick<LogEntry, "filename" | "image"> }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className={css.snippet}
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
      data-testid="snippet"
    >
      <summary>{t("snippet.title")}</summary>
      {isOpen && (
        <Suspense fallback={<div className={`skeleton ${css.waiting}`} />}>
          <SnippetCode record={record} />
        </Suspense>
      )}
    </details>
  );
}
