import { useState } from "react";
import { useTranslation } from "react-i18next";

/** As the API takes it. */
const LONGEST = 200;

interface FileNameFilterProps {
  value: string;
  onChange: (value: string) => void;
}

/** A part of a file's name. Each search reads many records, so it waits until the text is there. */
export function FileNameFilter({ value, onChange }: FileNameFilterProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    setText(value); // another filter was chosen, or none
  }
  const search = (wanted = text) => {
    if (wanted.trim() !== value) onChange(wanted.trim());
  };
  return (
    <label className="field">
      <span className="field-name">{t("history.filename")}</span>
      <input
        className="input"
        type="search"
        value={text}
        maxLength={LONGEST}
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
        placeholder={t("history.filenamePart")}
        onChange={({ target }) => {
          setText(target.value);
          if (target.value === "") search("");
        }}
        onBlur={() => {
          search();
        }}
        onKeyDown={({ key, nativeEvent }) => {
          // Within a Korean syllable, Enter ends the syllable.
          if (key === "Enter" && !nativeEvent.isComposing) search();
        }}
        data-testid="filter-filename"
      />
    </label>
  );
}
