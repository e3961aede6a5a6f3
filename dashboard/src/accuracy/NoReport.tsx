import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { AccuracyIcon } from "../ui/icons";
import { Notice } from "../ui/notice/Notice";

export function NoReport({ version }: { version: string | undefined }) {
  const { t } = useTranslation();
  return (
    <section className="card panel">
      {version === undefined ? (
        <Notice icon={<AccuracyIcon />} title={t("accuracy.noModel")} testId="no-model">
          <p>{t("accuracy.noModelText")}</p>
          <Link to="/training" className="button">
            {t("app.training")}
          </Link>
        </Notice>
      ) : (
        <Notice
          icon={<AccuracyIcon />}
          title={t("accuracy.noReport", { version })}
          testId="no-report"
        >
          <p>{t("accuracy.noReportText")}</p>
        </Notice>
      )}
    </section>
  );
}
