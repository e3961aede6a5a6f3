import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { FEW_IMAGES } from "../../../config/limits";
import { useLanguage } from "../../../i18n";
import { orDash, percent, whole } from "../../../i18n/format";
import { FewImages } from "../../../ui/notice/FewImages";
import { Tile } from "../../../ui/Tile";
import css from "./VerdictPanel.module.css";

/** How far the versions agree, in words and in numbers. */
export function VerdictPanel({ comparison }: { comparison: BackfillComparison }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { images, agreement, unknown, confidence, failed, confusion } = comparison;
  const differ = comparison.confusion_left + confusion.reduce((sum, { images: n }) => sum + n, 0);
  const count = (value: number) => whole(value, language);
  const share = (value: number | null) => orDash(value, percent, language);
  const range = t("accuracy.interval", { low: share(agreement.low), high: share(agreement.high) });
  const isFew = images < FEW_IMAGES;
  const left = failed.both + failed.new + failed.old;
  return (
    <section className="card panel" aria-labelledby="verdict-title" data-testid="verdict">
      <h2 id="verdict-title">{t("comparison.verdict")}</h2>
      {images > 0 && (
        <>
          <p>
            {t("comparison.alike", {
              alike: count(images - differ),
              images: count(images),
              differ: count(differ),
            })}{" "}
            {isFew ? (
              <FewImages n={images} needed={FEW_IMAGES} />
            ) : (
              t("comparison.expected", { low: share(agreement.low), high: share(agreement.high) })
            )}
          </p>
          <div className={css.tiles}>
            <Tile
              name={t("comparison.agreement")}
              value={
                isFew ? `${count(images - differ)} / ${count(images)}` : share(agreement.share)
              }
              {...(!isFew && { note: range })}
              testId="agreement"
            />
            <Tile name={t("comparison.differ")} value={count(differ)} testId="differ" />
            <Tile name={t("comparison.unknownBefore")} value={count(unknown.both + unknown.old)} />
            <Tile name={t("comparison.unknownNow")} value={count(unknown.both + unknown.new)} />
            <Tile name={t("comparison.confidenceBefore")} value={share(confidence.old_mean)} />
            <Tile name={t("comparison.confidenceNow")} value={share(confidence.new_mean)} />
          </div>
          <p className="small">
            {t("comparison.unknownText", {
              gained: count(unknown.old),
              lost: count(unknown.new),
              both: count(unknown.both),
            })}
          </p>
        </>
      )}
      {left > 0 && (
        <p className="small" data-testid="left-out">
          {t("comparison.failed", {
            both: count(failed.both),
            new: count(failed.new),
            old: count(failed.old),
          })}
        </p>
      )}
    </section>
  );
}
