import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useOutbox } from "../../outbox/useOutbox";
import { useOwner } from "../../outbox/useOwner";
import { Combobox } from "../../ui/combobox/Combobox";
import { type Consent, consentTo, useConsent } from "./consent";
import css from "./ConsentPanel.module.css";

/** Whether images leave this device, and where they go. */
export function ConsentPanel() {
  const { t } = useTranslation();
  const may = useMay();
  const owner = useOwner();
  const consent = useConsent();
  const { withhold } = useOutbox();
  const maySend = may("POST /predict");
  return (
    <section className="card panel" aria-labelledby="consent-title" data-testid="device-consent">
      <h2 id="consent-title">{t("device.consent.title")}</h2>
      {maySend && (
        <label className="check">
          <input
            type="checkbox"
            role="switch"
            checked={consent.send}
            disabled={owner === null}
            aria-describedby="consent-text"
            onChange={({ target: { checked } }) => {
              if (owner === null) return;
              consentTo(owner, { ...consent, send: checked });
              if (!checked) void withhold().catch(() => undefined); // the outbox tells why
            }}
            data-testid="device-send"
          />
          {t("device.consent.send")}
        </label>
      )}
      <p id="consent-text" className="small">
        {t(consent.send ? "device.consent.on" : "device.consent.off")}
      </p>
      {consent.send && maySend && owner !== null && (
        <>
          {may("POST /datasets/{name}/predictions") && <Target owner={owner} consent={consent} />}
          <p className="muted small">{t("device.consent.remembered")}</p>
        </>
      )}
    </section>
  );
}

/** The history alone, or a dataset too, and the label there. */
function Target({ owner, consent }: { owner: string; consent: Consent }) {
  const { t } = useTranslation();
  const api = useApi();
  const { data: datasets = [] } = useQuery({
    queryKey: ["datasets"],
    queryFn: ({ signal }) => api.datasets(signal),
  });
  const { dataset } = consent;
  const known = datasets.find(({ name }) => name === dataset?.name);
  // Without a network the list is not known, and what was chosen stays.
  const names = [
    ...new Set([...datasets.map(({ name }) => name), ...(dataset ? [dataset.name] : [])]),
  ];
  const choices = known?.classes ?? (dataset?.label ? [{ name: dataset.label }] : []);
  return (
    <div className={css.target}>
      <label className="field">
        <span className="field-name">{t("device.consent.where")}</span>
        <select
          className="input"
          value={dataset?.name ?? ""}
          onChange={({ target: { value } }) => {
            consentTo(owner, {
              ...consent,
              dataset: value === "" ? null : { name: value, label: null },
            });
          }}
          data-testid="device-where"
        >
          <option value="">{t("device.consent.history")}</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {t("device.consent.dataset", { name })}
            </option>
          ))}
        </select>
      </label>
      {dataset && (
        <Combobox
          key={dataset.name}
          name={t("device.consent.label")}
          choices={choices}
          value={dataset.label}
          onChange={(label) => {
            consentTo(owner, { ...consent, dataset: { ...dataset, label } });
          }}
          placeholder={t("device.consent.noLabel")}
          testId="device-label-in-dataset"
        />
      )}
    </div>
  );
}
