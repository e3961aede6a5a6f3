import { useTranslation } from "react-i18next";

import type { LabelCheck, SuspectLabel } from "../../api/artifact";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { CheckIcon, ImageIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { ImageGrid } from "../report/ImageCard";
import card from "../report/ImageCard.module.css";
import { NotMeasured } from "./NotMeasured";
import css from "./proof.module.css";

/** Labels that look wrong, with the ones that are suggested instead. */
export function SuspectsTab({ check }: { check: LabelCheck | undefined }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (check === undefined) return <NotMeasured />;
  if (check.skipped !== null) return <NotMeasured reason={check.skipped} />;
  const { suspects, suspect_count: count } = check;
  if (suspects.length === 0) {
    return (
      <section className="card panel">
        <Notice icon={<CheckIcon />} title={t("proof.noSuspects")} testId="no-suspects" />
      </section>
    );
  }
  return (
    <section className="card panel" aria-labelledby="suspects-title">
      <div>
        <h2 id="suspects-title">{t("proof.suspects")}</h2>
        <p className="muted small" data-testid="suspect-count">
          {t("proof.suspectsText", {
            found: whole(count, language),
            shown: whole(suspects.length, language),
          })}
        </p>
      </div>
      <ImageGrid testId="suspects">
        {suspects.map((suspect) => (
          <Suspect key={suspect.file} suspect={suspect} />
        ))}
      </ImageGrid>
    </section>
  );
}

function Suspect({ suspect }: { suspect: SuspectLabel }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { file, label, suggested, image } = suspect;
  return (
    <li className={card.card}>
      {image === null ? (
        <span className={css.missing}>
          <ImageIcon className={css.icon} />
        </span>
      ) : (
        <img
          className={card.image}
          src={image}
          alt={t("proof.suspectImage", { label })}
          loading="lazy"
        />
      )}
      <p className={card.text}>
        <span className={card.wrong}>
          {t("proof.suspectGiven", { label, confidence: percent(suspect.confidence, language) })}
        </span>
        <br />
        <strong>
          {t("proof.suspectSuggested", {
            label: suggested,
            confidence: percent(suspect.suggested_confidence, language),
          })}
        </strong>
        <code className={css.file}>{file}</code>
      </p>
    </li>
  );
}
