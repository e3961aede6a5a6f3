import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type LogEntry, MAX_DIRECT_BYTES } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { fileSize } from "../../i18n/format";
import css from "./Snippet.module.css";
import { KEY, LANGUAGES, snippet, type SnippetLanguage } from "./snippets";

const NAMES = { curl: "curl", python: "Python", typescript: "TypeScript" };

export default function SnippetCode({ record }: { record: Pick<LogEntry, "filename" | "image"> }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const may = useMay();
  const [chosen, setChosen] = useState<SnippetLanguage>("curl");
  const [copied, setCopied] = useState<string | null>(null);
  const name = record.filename ?? "image.jpg";
  const code = snippet(chosen, api, name);
  return (
    <div className={css.content}>
      <div className={css.tools}>
        <div className={css.languages} role="group" aria-label={t("snippet.language")}>
          {LANGUAGES.map((known) => (
            <button
              key={known}
              type="button"
              className="button small"
              aria-pressed={known === chosen}
              onClick={() => {
                setChosen(known);
              }}
              data-testid={`snippet-${known}`}
            >
              {NAMES[known]}
            </button>
          ))}
        </div>
        <button
          type="button"
          className="button small"
          onClick={() => {
            void navigator.clipboard.writeText(code).then(() => {
              setCopied(code);
            });
          }}
          data-testid="snippet-copy"
        >
          <span role="status">{t(copied === code ? "app.copied" : "app.copy")}</span>
        </button>
      </div>
      <pre className={css.code} tabIndex={0} aria-label={NAMES[chosen]} dir="ltr">
        <code data-testid="snippet-code">{code}</code>
      </pre>
      <p className="muted small">{t("snippet.folder")}</p>
      {(record.image.bytes ?? 0) > MAX_DIRECT_BYTES && (
        <p className="muted small">
          {t("snippet.large", { limit: fileSize(MAX_DIRECT_BYTES, language) })}{" "}
          <code>visionflow predict</code>
        </p>
      )}
      {api.asksWho && (
        <p className="muted small" data-testid="snippet-key">
          {t("snippet.key", { name: KEY })}{" "}
          {may("POST /keys") ? (
            <Link to="/access">{t("snippet.makeKey")}</Link>
          ) : (
            t("snippet.askForKey")
          )}
        </p>
      )}
    </div>
  );
}
