import { useTranslation } from "react-i18next";
import type { Evaluation, Interval } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { orDash, percent, score, whole } from "../../i18n/format";
import { Tile } from "../../ui/Tile";
import css from "./Headline.module.css";
import type { Holding } from "./holding";
import { type Answered, answeredOf } from "./interval";
import { NeverUnknown } from "./NeverUnknown";

/** Of no more classes the best five are all there is. */
const TOP = 5;

interface HeadlineProps {
  /** `null` while loading: the space is reserved, so that nothing below it moves. */
  evaluation: Evaluation | null;
  holding: Holding;
}

/** The version's scores on its test images. */
export function Headline({ evaluation, holding }: HeadlineProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const share = (value: number | undefined) => orDash(value, percent, language);
  const range = (interval: Interval | undefined) =>
    interval && t("accuracy.interval", { low: share(interval.low), high: share(interval.high) });
  const { top1, top1_interval, top5, macro_f1, ece, ece_interval, images, groups } =
    evaluation ?? {};
  const { known, right } = evaluation ? answeredOf(evaluation) : {};
  const of = (answered: Answered | null | undefined) =>
    answered
      ? `${range(answered.interval) ?? ""}, n=${whole(answered.n, language)}`
      : t("accuracy.noneKnown");
  const independent = groups === undefined ? undefined : whole(groups, language);
  return (
    <section className="stack" aria-label={t("accuracy.headline")} data-testid="headline">
      <div className={css.tiles}>
        <Tile name={t("accuracy.top1")} value={share(top1)} note={range(top1_interval) ?? "–"} />
        <Tile name={t("accuracy.known")} value={share(known?.share)} note={of(known)} />
        <Tile name={t("accuracy.knownRight")} value={share(right?.share)} note={of(right)} />
        {(evaluation === null || evaluation.classes.length > TOP) && (
          <Tile name={t("accuracy.top5")} value={share(top5)} note={t("accuracy.top5Note")} />
        )}
        <Tile
          name={t("accuracy.f1")}
          value={orDash(macro_f1, score, language)}
          note={t("accuracy.f1Note")}
        />
        <Tile
          name={t("accuracy.ece")}
          value={share(ece)}
          note={range(ece_interval) ?? t("accuracy.eceNote")}
        />
        <Tile
          name={t("accuracy.images")}
          value={orDash(images, whole, language)}
          note={
            independent === undefined
              ? t("accuracy.imagesNote")
              : t("accuracy.independent", { groups: independent })
          }
        />
      </div>
      <NeverUnknown holding={holding} />
    </section>
  );
}
