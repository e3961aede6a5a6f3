import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LabelCheck, SuspectLabel } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { CheckIcon, ImageIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { useMore } from "../../ui/useMore";
import { ImageGrid } from "../report/ImageCard";
import card from "../report/ImageCard.module.css";
import { NotMeasured } from "./NotMeasured";
import css from "./proof.module.css";

/** Images that are drawn at once, and more on request. */
const STEP = 48;
/** From this many on they can be narrowed down to a label. */
const MANY = 12;

/** Labels that look wrong, with the ones that are suggested instead. */
export function SuspectsTab({ check }: { check: LabelCheck | undefined }) {
  const { t } = useTranslation();
  if (check === undefined) return <NotMeasured />;
  if (check.skipped !== null) return <NotMeasured reason={check.skipped} />;
  if (check.suspects.length === 0) {
    return (
      <section className="card panel">
        <Notice icon={<CheckIcon />} title={t("proof.noSuspects")} testId="no-suspects" />
      </section>
    );
  }
  return <Suspects {...check} />;
}

function Suspects({ suspects, suspect_count: count }: LabelCheck) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [wanted, setWanted] = useState<string | null>(null);
  const choices = useMemo(() => {
    const labels = new Set(suspects.flatMap(({ label, suggested }) => [label, suggested]));
    return [...labels].sort(new Intl.Collator().compare).map((name) => ({ name }));
  }, [suspects]);
  const found = suspects.filter(
    ({ label, suggested }) => wanted === null || wanted === label || wanted === suggested,
  );
  const [shown, more] = useMore(found, STEP);
  return (
    <section className="card panel" aria-labelledby="suspects-title">
      <div className="panel-heading">
        <div>
          <h2 id="suspects-title">{t("proof.suspects")}</h2>
          <p className="muted small" data-testid="suspect-count">
            {t("proof.suspectsText", {
              found: whole(count, language),
              shown: whole(suspects.length, language),
            })}
          </p>
        </div>
        {suspects.length > MANY && (
          <Combobox
            name={t("history.label")}
            choices={choices}
            value={wanted}
            onChange={setWanted}
            placeholder={t("history.anyLabel")}
            testId="suspect-label"
          />
        )}
      </div>
      <ImageGrid testId="suspects">
        {shown.map((suspect) => (
          <Suspect key={suspect.file} suspect={suspect} />
        ))}
      </ImageGrid>
      {more}
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
