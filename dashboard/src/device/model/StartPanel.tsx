import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useLanguage } from "../../i18n";
import { fileSize, percent } from "../../i18n/format";
import { Problem } from "../../ui/notice/Problem";
import { problemOf } from "../problem";
import css from "./StartPanel.module.css";
import type { Opening } from "./useEngine";

interface StartPanelProps {
  opening: Exclude<Opening, { state: "ready" }>;
  /** Bytes to load; `null` while they are not known. */
  size: number | null;
  onStart: () => void;
}

/** What will be loaded, and how far that is. */
export function StartPanel({ opening, size, onStart }: StartPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (opening.state === "asking") return <div className={`skeleton ${css.asking}`} />;
  return (
    <section className="card panel" data-testid="device-start-panel">
      {opening.state === "opening" ? (
        <Progress share={opening.share} />
      ) : (
        <>
          {opening.state === "failed" && (
            <Problem error={problemOf(opening.error)}>
              <p>
                <Link to="/predict">{t("device.inCloud")}</Link>
              </p>
            </Problem>
          )}
          <p>{t("device.startText")}</p>
          <div className="row">
            <button
              type="button"
              className="button primary"
              onClick={onStart}
              data-testid="device-start"
            >
              {t(opening.state === "failed" ? "app.retry" : "device.start")}
            </button>
            <span className="muted small" data-testid="device-size">
              {size !== null && t("device.startSize", { size: fileSize(size, language) })}
            </span>
          </div>
        </>
      )}
    </section>
  );
}

function Progress({ share }: { share: number }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const isHere = share >= 1;
  return (
    <div className={css.progress} data-testid="device-opening">
      <p>{t(isHere ? "device.preparing" : "device.opening")}</p>
      <progress
        className={css.bar}
        {...(!isHere && { value: share })}
        max={1}
        aria-label={
          isHere
            ? t("device.preparing")
            : t("device.openingShare", { share: percent(share, language) })
        }
      />
    </div>
  );
}
