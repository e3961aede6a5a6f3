import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { className } from "../classes/names";
import type { Part } from "../facts/table";
import css from "./LabelBar.module.css";

/** Keys in one row of the keyboard, as the parts are in one row of buttons. */
export const PART_KEYS: readonly [code: string, part: Part | null][] = [
  ["KeyQ", "train"],
  ["KeyW", "validation"],
  ["KeyE", "test"],
  ["KeyR", null],
];

/** Those that a key of their own labels. */
export const KEYED_CLASSES = 9;

export interface LabelActions {
  label: (label: string | null) => void;
  confirm: () => void;
  confirmGroup: () => void;
  keep: () => void;
  /** With all look-alikes. */
  move: (part: Part | null) => void;
  remove: (removed: boolean) => void;
  undo: () => void;
}

interface LabelBarProps {
  dataset: Dataset;
  actions: LabelActions;
  selected: number;
  /** How many more images show the same thing as a selected one. */
  lookAlikes: number;
  /** The removed images are shown, so that they can come back. */
  isBin: boolean;
  canUndo: boolean;
}

/** What can be done with the selected images; every button has a key. */
export function LabelBar(props: LabelBarProps) {
  const { dataset, actions, selected, lookAlikes, isBin, canUndo } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div className={css.bar} role="group" aria-label={t("data.actions")}>
      <p className="small numeric" role="status" data-testid="selected-count">
        {t("data.selected", { n: whole(selected, language) })}
      </p>
      <div className={css.classes}>
        {dataset.classes.slice(0, KEYED_CLASSES).map((known, index) => (
          <button
            key={known.name}
            type="button"
            className="button small"
            onClick={() => {
              actions.label(known.name);
            }}
            data-testid="label-class"
          >
            <kbd className={css.key}>{index + 1}</kbd>
            {className(known, language)}
          </button>
        ))}
        {dataset.classes.length > KEYED_CLASSES && (
          <Combobox
            name={t("data.otherClass")}
            hideName
            choices={dataset.classes}
            value={null}
            onChange={(label) => {
              if (label !== null) actions.label(label);
            }}
            placeholder={t("data.otherClass")}
            testId="label-other-class"
          />
        )}
      </div>
      <div className={css.actions}>
        <Action text={t("data.confirm")} shortcut="Enter" onClick={actions.confirm} id="confirm" />
        <Action text={t("data.group")} shortcut="G" onClick={actions.confirmGroup} id="group" />
        <Action text={t("data.keep")} shortcut="K" onClick={actions.keep} id="keep" />
        <Action
          text={t("data.unlabel")}
          shortcut="0"
          onClick={() => {
            actions.label(null);
          }}
          id="unlabel"
        />
        <Action
          text={t(isBin ? "data.restore" : "data.remove")}
          shortcut="Del"
          onClick={() => {
            actions.remove(!isBin);
          }}
          id="remove"
        />
        <Action
          text={t("data.undo")}
          shortcut="Ctrl Z"
          onClick={actions.undo}
          disabled={!canUndo}
          id="undo"
        />
      </div>
      <div className={css.actions} role="group" aria-label={t("data.moveTo")}>
        <span className="small muted">{t("data.moveTo")}</span>
        {PART_KEYS.map(([code, part]) => (
          <Action
            key={code}
            text={t(`data.parts.${part ?? "auto"}`)}
            shortcut={code.slice(-1)}
            onClick={() => {
              actions.move(part);
            }}
            id={`move-${part ?? "auto"}`}
          />
        ))}
        {lookAlikes > 0 && (
          <span className="small numeric" data-testid="look-alikes">
            {t("data.moveWith", { n: whole(lookAlikes, language) })}
          </span>
        )}
      </div>
    </div>
  );
}

interface ActionProps {
  text: string;
  shortcut: string;
  onClick: () => void;
  disabled?: boolean;
  id: string;
}

function Action({ text, shortcut, onClick, disabled = false, id }: ActionProps) {
  return (
    <button
      type="button"
      className="button small"
      disabled={disabled}
      onClick={onClick}
      data-testid={`action-${id}`}
    >
      {text} <kbd className={css.key}>{shortcut}</kbd>
    </button>
  );
}
