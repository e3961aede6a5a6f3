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
  const search = () => {
    if (text.trim() !== value) onChange(text.trim());
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
        }}
        onBlur={search}
        onKeyDown={({ key }) => {
          if (key === "Enter") search();
        }}
        data-testid="filter-filename"
      />
    </label>
  );
}
