import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { orDash, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { FaultInput } from "../../ui/fault/FaultInput";
import { Problem } from "../../ui/notice/Problem";
import { useMore } from "../../ui/useMore";
import type { Counts } from "../facts/filter";
import type { Workbench } from "../facts/workbench";
import { ClassDialog } from "./ClassDialog";
import css from "./classes.module.css";
import { className } from "./names";
import { useClassChanges } from "./useClassChanges";

interface ClassesPanelProps {
  dataset: Dataset;
  counts: Counts | null;
  bench: Workbench;
  canEdit: boolean;
}

const STEP = 12;

/** The classes with how many images each has, and what can be done with them. */
export function ClassesPanel({ dataset, counts, bench, canEdit }: ClassesPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [added, setAdded] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const [shown, more] = useMore(dataset.classes, STEP);
  const change = useClassChanges(dataset.name, bench, () => {
    setAdded("");
    setOpen(null);
  });
  const images = (name: string) => (counts ? (counts.byClass.get(name) ?? 0) : null);
  const opened = dataset.classes.find(({ name }) => name === open);
  return (
    <section className="card panel" aria-labelledby="classes-title">
      <h2 id="classes-title">{t("data.classes")}</h2>
      {dataset.classes.length === 0 ? (
        <p className="muted small">{t("data.noClasses")}</p>
      ) : (
        <DataTable
          columns={[
            { name: t("data.class") },
            { name: t("data.imageCount"), end: true },
            ...(canEdit ? [{ name: t("data.edit"), hidden: true }] : []),
          ]}
          labelledBy="classes-title"
          testId="classes"
        >
          {shown.map((known) => (
            <tr key={known.name}>
              <th scope="row">
                {className(known, language)}
                {className(known, language) !== known.name && (
                  <span className="muted small"> {known.name}</span>
                )}
              </th>
              <td className="end">{orDash(images(known.name), whole, language)}</td>
              {canEdit && (
                <td className="end">
                  <button
                    type="button"
                    className="button small"
                    aria-label={t("data.editOf", { name: known.name })}
                    onClick={() => {
                      change.reset();
                      setOpen(known.name);
                    }}
                    data-testid="edit-class"
                  >
                    {t("data.edit")}
                  </button>
                </td>
              )}
            </tr>
          ))}
        </DataTable>
      )}
      {more}
      {canEdit && (
        <FaultContext value={opened ? null : faultOf(change.error)}>
          <form
            className={css.add}
            onSubmit={(event) => {
              event.preventDefault();
              change.mutate([{ action: "add", name: added.trim().normalize("NFC") }]);
            }}
          >
            <FaultInput
              field="name"
              aria-label={t("data.newClass")}
              placeholder={t("data.newClass")}
              value={added}
              maxLength={120}
              onChange={({ target }) => {
                setAdded(target.value);
              }}
              data-testid="new-class"
            />
            <button
              type="submit"
              className="button"
              disabled={added.trim() === "" || change.isPending}
              data-testid="add-new-class"
            >
              {t("data.addClass")}
            </button>
          </form>
        </FaultContext>
      )}
      {change.error && !opened && <Problem error={change.error} />}
      {opened && (
        <ClassDialog
          opened={opened}
          dataset={dataset}
          images={images(opened.name)}
          tried={change.variables?.[0]?.action}
          error={change.error}
          isPending={change.isPending}
          onChange={(wanted) => {
            change.mutate([wanted]);
          }}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </section>
  );
}
