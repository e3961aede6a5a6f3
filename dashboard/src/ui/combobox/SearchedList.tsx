import { useCombobox } from "downshift";
import { matchSorter } from "match-sorter";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { CloseIcon } from "../icons";
import css from "./Combobox.module.css";
import type { Choice, ComboboxProps } from "./choice";

/** More would take long to draw; typing narrows them down. */
const MOST_SHOWN = 50;
const MOST_PARENTS = 2;

/** A text field with the list of what fits it. */
export default function SearchedList(props: ComboboxProps) {
  const { name, hideName = false, choices, value, onChange, placeholder, testId } = props;
  const { upward = false } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  /** What is being typed; `null` while nothing is. */
  const [typed, setTyped] = useState<string | null>(null);
  const found = useMemo(() => matching(choices, typed ?? ""), [choices, typed]);
  const shown = found.slice(0, MOST_SHOWN);
  const { isOpen, highlightedIndex, getLabelProps, getInputProps, getMenuProps, getItemProps } =
    useCombobox<Choice>({
      items: shown,
      itemToString: (choice) => choice?.name ?? "",
      selectedItem: choices.find((choice) => choice.name === value) ?? null,
      inputValue: typed ?? value ?? "",
      defaultHighlightedIndex: 0,
      stateReducer: ({ isOpen: wasOpen, selectedItem }, { type, changes }) => {
        if (type === TYPES.InputBlur) return { ...changes, selectedItem }; // leaving is not choosing
        if (type === TYPES.InputKeyDownEscape && !wasOpen) return { ...changes, selectedItem };
        return changes;
      },
      onSelectedItemChange: ({ selectedItem }) => {
        onChange(selectedItem?.name ?? null);
      },
      onInputValueChange: ({ type, inputValue }) => {
        if (type !== TYPES.InputChange) return;
        setTyped(inputValue);
        if (inputValue === "") onChange(null);
      },
      onIsOpenChange: ({ isOpen: open }) => {
        if (!open) setTyped(null);
      },
    });
  const rest = found.length - shown.length;

  return (
    <div className={`field ${css.field}`}>
      <label className={hideName ? "visually-hidden" : "field-name"} {...getLabelProps()}>
        {name}
      </label>
      <div className={css.box}>
        <input
          className={`input ${css.input}`}
          placeholder={placeholder}
          spellCheck={false}
          data-testid={testId}
          {...getInputProps({
            onFocus: ({ currentTarget }) => {
              currentTarget.select();
            },
            onKeyDown: (event) => {
              // Escape closes the list, and not the dialog around it too.
              if (event.key === "Escape" && isOpen) event.preventDefault();
            },
          })}
        />
        {value !== null && (
          <button
            type="button"
            className={css.clear}
            aria-label={t("combobox.clear", { name })}
            onClick={() => {
              setTyped(null);
              onChange(null);
            }}
          >
            <CloseIcon className={css.icon} />
          </button>
        )}
        <div className={`${css.popup} ${upward ? css.upward : css.downward}`} hidden={!isOpen}>
          <ul className={css.list} {...getMenuProps()}>
            {isOpen &&
              shown.map((choice, index) => (
                <li
                  key={choice.name}
                  className={`${css.choice} ${index === highlightedIndex ? css.active : ""}`}
                  {...getItemProps({ item: choice, index })}
                >
                  <span>{choice.name}</span>
                  <Above parents={choice.above ?? []} />
                </li>
              ))}
          </ul>
          {isOpen && (rest > 0 || found.length === 0) && (
            <p className={css.rest}>
              {found.length === 0
                ? t("combobox.none")
                : t("combobox.more", { rest: whole(rest, language) })}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

const TYPES = useCombobox.stateChangeTypes;

/** The choices that `typed` fits, the best first; all of them, in their order, for nothing typed. */
function matching(choices: readonly Choice[], typed: string): readonly Choice[] {
  const wanted = typed.trim();
  if (wanted === "") return choices;
  return matchSorter(choices, wanted, {
    keys: [
      "name",
      { key: ({ above = [] }) => [...above], maxRanking: matchSorter.rankings.CONTAINS },
    ],
    threshold: matchSorter.rankings.CONTAINS,
    baseSort: (a, b) => a.index - b.index,
  });
}

/** The nearest parents: with all of them a choice of a deep tree would take many lines. */
function Above({ parents }: { parents: readonly string[] }) {
  if (parents.length === 0) return null;
  const nearest = parents.slice(-MOST_PARENTS);
  const cut = nearest.length < parents.length ? ["…"] : [];
  return <span className={css.above}>{[...cut, ...nearest].join(" › ")}</span>;
}
