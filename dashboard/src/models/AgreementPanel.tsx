import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Stats } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { useLanguage } from "../i18n";
import { decimal, orDash, whole } from "../i18n/format";
import { DataTable } from "../ui/DataTable";
import { IntervalBar } from "../ui/interval/IntervalBar";

/** An API that is older than this page compares nothing. */
type Compared = Partial<Pick<Stats, "agreement">>;

/** How often devices and the cloud answered the same, by version. Nothing where nothing was compared. */
export function AgreementPanel() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const stats = useQuery({
    queryKey: ["stats", "all"],
    queryFn: ({ signal }) => api.stats({}, signal),
    staleTime: 10_000,
  });
  const { agreement = {} }: Compared = stats.data ?? {};
  const versions = Object.entries(agreement).filter(([, { compared }]) => compared > 0);
  if (versions.length === 0) return null;
  const gap = (value: number) => t("origin.points", { n: decimal(value * 100, language) });
  return (
    <section className="card panel" aria-labelledby="agreement-title" data-testid="agreement">
      <div>
        <h2 id="agreement-title">{t("origin.agreement")}</h2>
        <p className="muted small">{t("origin.agreementText")}</p>
      </div>
      <DataTable
        columns={[
          { name: t("accuracy.version") },
          { name: t("origin.compared"), end: true },
          { name: t("origin.same") },
          { name: t("origin.gap"), end: true },
        ]}
        labelledBy="agreement-title"
      >
        {versions.map(([model, { compared, agreed, low, high, confidence_gap }]) => (
          <tr key={model}>
            <th scope="row">{model.replace("/", " ")}</th>
            <td className="end">{whole(compared, language)}</td>
            <td>
              <IntervalBar
                share={agreed / compared}
                interval={{ low, high }}
                n={compared}
                tone="test"
              />
            </td>
            <td className="end">{orDash(confidence_gap, gap, language)}</td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}
