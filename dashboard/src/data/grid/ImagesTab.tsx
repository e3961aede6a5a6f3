import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { DatasetDetails } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { DataIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { ClassesPanel } from "../classes/ClassesPanel";
import { labelText } from "../classes/names";
import { type Filter, matching, readFilter } from "../facts/filter";
import { chosenRows, kept, NOTHING } from "../facts/selection";
import { Reading } from "../facts/Reading";
import type { Part } from "../facts/table";
import type { Facts } from "../facts/useWorkbench";
import { AddImages } from "../intake/AddImages";
import { FlowCard } from "../loop/FlowCard";
import { FilterBar } from "./FilterBar";
import { ImageDialog } from "./ImageDialog";
import { ImageGrid } from "./ImageGrid";
import css from "./ImagesTab.module.css";
import { KEYED_CLASSES, type LabelActions, LabelBar, PART_KEYS } from "./LabelBar";

interface ImagesTabProps {
  details: DatasetDetails;
  facts: Facts;
  canEdit: boolean;
}

/** Adding images, and giving them labels. */
export function ImagesTab({ details, facts, canEdit }: ImagesTabProps) {
  const { dataset, flow_today: today } = details;
  const { bench, revision, counts } = facts;
  const { t } = useTranslation();
  const language = useLanguage();
  const [params, setParams] = useSearchParams();
  const filter = useMemo(() => readFilter(params), [params]);
  const [selection, setSelection] = useState(NOTHING);
  const [open, setOpen] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const { rows } = useMemo(
    () => ({ revision, rows: matching(bench.table, filter) }),
    [bench, revision, filter],
  );
  const current = useMemo(() => kept(rows, selection), [rows, selection]);

  const setFilter = (changes: Partial<Filter>) => {
    const next = { ...filter, ...changes };
    const params = new URLSearchParams({ dataset: dataset.name });
    if (next.view !== "all") params.set("view", next.view);
    for (const name of ["label", "part", "source"] as const) {
      if (next[name] !== null) params.set(name, next[name]);
    }
    setParams(params, { replace: true });
    setSelection(NOTHING);
  };
  const chosen = useMemo(() => chosenRows(rows, current), [rows, current]);
  const together = useMemo(
    () => ({ revision, rows: bench.table.withLookAlikes(chosen) }),
    [bench, revision, chosen],
  );
  const atCursor = rows[current.cursor];

  /** Goes on to the next image where the changed one is still in its place. */
  const goOn = () => {
    const after = matching(bench.table, filter);
    const isThere = after[current.cursor] === atCursor;
    const cursor = isThere && current.rows.size === 0 ? current.cursor + 1 : current.cursor;
    setSelection(kept(after, { cursor, anchor: cursor, rows: new Set() }));
  };
  const say = (label: string | null, n: number) => {
    setSaid(
      label === null
        ? t("data.saidUnlabelled", { n: whole(n, language) })
        : t("data.saidLabel", {
            n: whole(n, language),
            label: labelText(label, dataset.classes, language),
          }),
    );
  };
  const give = (label: string | null, to: readonly number[]) => {
    bench.change(to, { label });
    say(label, to.length);
    goOn();
  };
  const move = (part: Part | null, to: readonly number[]) => {
    bench.change(to, { part });
    setSaid(
      t("data.saidMoved", {
        part: t(`data.parts.${part ?? "auto"}`),
        n: whole(to.length, language),
      }),
    );
  };
  const groupAtCursor = () => (atCursor === undefined ? [] : bench.table.groupOf(atCursor));
  const actions: LabelActions = {
    label: (label) => {
      give(label, chosen);
    },
    confirm: () => {
      const sure = chosen.filter((row) => bench.table.suggestion(row) !== null);
      bench.change(sure, (row) => ({ label: bench.table.suggestion(row) }));
      setSaid(t("data.saidConfirmed", { n: whole(sure.length, language) }));
      goOn();
    },
    confirmGroup: () => {
      if (atCursor === undefined) return;
      const label = bench.table.suggestion(atCursor) ?? bench.table.label(atCursor);
      if (label !== null) give(label, groupAtCursor());
    },
    keep: () => {
      bench.change(chosen, (row) => ({ label: bench.table.label(row) }));
      setSaid(t("data.saidKept", { n: whole(chosen.length, language) }));
      goOn();
    },
    move: (part) => {
      move(part, together.rows);
      goOn();
    },
    remove: (removed) => {
      bench.change(chosen, { removed });
      setSaid(
        t(removed ? "data.saidRemoved" : "data.saidRestored", {
          n: whole(chosen.length, language),
        }),
      );
      goOn();
    },
    undo: () => {
      bench.undo();
      setSaid(t("data.saidUndone"));
    },
  };

  const onKey = (event: React.KeyboardEvent): boolean => {
    // By the key's position: with Korean input "g" types ㅎ.
    const { code, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (code === "KeyV" && !ctrlKey && !metaKey) {
      setOpen(atCursor ?? null);
      return true;
    }
    if (!canEdit || altKey) return false;
    if (ctrlKey || metaKey) {
      if (code !== "KeyZ") return false;
      actions.undo();
      return true;
    }
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
    if (digit !== undefined) {
      const label = digit === "0" ? null : dataset.classes[Number(digit) - 1]?.name;
      if (label === undefined) return false;
      give(label, shiftKey ? groupAtCursor() : chosen);
      return true;
    }
    const moved = PART_KEYS.find(([key]) => key === code);
    if (moved) {
      actions.move(moved[1]);
      return true;
    }
    const action = {
      Enter: actions.confirm,
      NumpadEnter: actions.confirm,
      KeyG: actions.confirmGroup,
      KeyK: actions.keep,
      Delete: () => {
        actions.remove(filter.view !== "removed");
      },
    }[code];
    action?.();
    return action !== undefined;
  };

  return (
    <div className="stack">
      <div className={css.columns}>
        {canEdit && <AddImages dataset={dataset} bench={bench} />}
        <ClassesPanel dataset={dataset} counts={counts} bench={bench} canEdit={canEdit} />
      </div>
      <FlowCard dataset={dataset} today={today} />
      <section className="card panel" aria-labelledby="images-title">
        <h2 id="images-title">{t("data.images")}</h2>
        <FilterBar dataset={dataset} counts={counts} filter={filter} onChange={setFilter} />
        {bench.error && (
          <Missing
            error={bench.error}
            route="GET /datasets/{name}/images"
            onRetry={() => void bench.load()}
          />
        )}
        {rows.length === 0 ? (
          counts ? (
            <Notice icon={<DataIcon />} title={t("data.noImages")} testId="images-empty">
              <p>{t(counts.images === 0 ? "data.noImagesText" : "data.noMatchText")}</p>
            </Notice>
          ) : (
            <Reading bench={bench} />
          )
        ) : (
          <>
            {canEdit && (
              <LabelBar
                dataset={dataset}
                actions={actions}
                selected={chosen.length}
                lookAlikes={together.rows.length - chosen.length}
                isBin={filter.view === "removed"}
                canUndo={bench.canUndo}
              />
            )}
            <p id="grid-keys" className="muted small" data-testid="grid-keys">
              {t(canEdit ? "data.keys" : "data.keysRead", { n: KEYED_CLASSES })}
            </p>
            <ImageGrid
              dataset={dataset}
              table={bench.table}
              rows={rows}
              selection={current}
              onSelect={setSelection}
              onOpen={setOpen}
              onKey={onKey}
            />
          </>
        )}
        <p className="visually-hidden" role="status" data-testid="said">
          {said}
        </p>
        {bench.unsent > 0 && (
          <p className="muted small numeric">
            {t("data.unsent", { n: whole(bench.unsent, language) })}
          </p>
        )}
      </section>
      {open !== null && (
        <ImageDialog
          dataset={dataset}
          table={bench.table}
          row={open}
          onMove={canEdit ? move : null}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </div>
  );
}
