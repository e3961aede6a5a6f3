import { useState } from "react";
import { useTranslation } from "react-i18next";

import css from "./CopyText.module.css";

interface CopyTextProps {
  name: string;
  text: string;
  testId: string;
}

/** A text to take elsewhere, with a button that copies it. */
export function CopyText({ name, text, testId }: CopyTextProps) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  return (
    <div className={css.row}>
      <label className="field">
        <span className="field-name">{name}</span>
        <input
          className={`input ${css.text}`}
          readOnly
          value={text}
          onFocus={({ target }) => {
            target.select(); // to copy by hand where the clipboard is not ours to write
          }}
          data-testid={testId}
        />
      </label>
      <button
        type="button"
        className="button"
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => {
            setCopied(true);
          });
        }}
        data-testid={`${testId}-copy`}
      >
        <span role="status">{t(isCopied ? "app.copied" : "app.copy")}</span>
      </button>
    </div>
  );
}
