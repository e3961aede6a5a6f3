import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DatasetClassChange, Dataset, DatasetClass } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { orDash, whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { Modal } from "../../ui/dialog/Modal";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { FaultInput } from "../../ui/fault/FaultInput";
import { Problem } from "../../ui/notice/Problem";
import css from "./classes.module.css";

interface ClassDialogProps {
  opened: DatasetClass;
  dataset: Dataset;
  /** Null where it is not known yet. */
  images: number | null;
  /** The change that was made last, and why it was refused. */
  tried: DatasetClassChange["action"] | undefined;
  error: Error | null;
  isPending: boolean;
  onChange: (change: DatasetClassChange) => void;
  onClose: () => void;
}

/** Everything that can change about one class. */
export function ClassDialog(props: ClassDialogProps) {
  const { opened, dataset, images, tried, error, isPending, onChange, onClose } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  const { name } = opened;
  const [to, setTo] = useState(name);
  const [target, setTarget] = useState<string | null>(null);
  const [ko, setKo] = useState(opened.ko ?? "");
  const [en, setEn] = useState(opened.en ?? "");
  const [isSure, setSure] = useState(false);
  const renamed = to.trim().normalize("NFC");
  return (
    <Modal title={t("data.classTitle", { name })} onClose={onClose} testId="class">
      <FaultContext value={faultOf(error)}>
        {error && <Problem error={error} />}
        <Part
          title={t("data.display")}
          action={t("data.save")}
          isDisabled={isPending}
          onSubmit={() => {
            onChange({ action: "describe", name, ko: ko.trim() || null, en: en.trim() || null });
          }}
          testId="describe"
        >
          <Text name="한국어" field="ko" lang="ko" value={ko} onChange={setKo} testId="class-ko" />
          <Text name="English" field="en" lang="en" value={en} onChange={setEn} testId="class-en" />
        </Part>
        <Part
          title={t("data.rename")}
          action={t("data.rename")}
          isDisabled={isPending || renamed === "" || renamed === name}
          onSubmit={() => {
            onChange({ action: "rename", name, to: renamed });
          }}
          testId="rename"
        >
          <Text
            name={t("data.newName")}
            field={tried === "rename" ? "to" : ""}
            value={to}
            onChange={setTo}
            testId="class-to"
          />
        </Part>
        {dataset.classes.length > 1 && (
          <Part
            title={t("data.merge")}
            action={t("data.merge")}
            isDisabled={isPending || target === null}
            onSubmit={() => {
              if (target !== null) onChange({ action: "merge", name, to: target });
            }}
            testId="merge"
          >
            <Combobox
              name={t("data.mergeInto")}
              choices={dataset.classes.filter((other) => other.name !== name)}
              value={target}
              onChange={setTarget}
              placeholder={t("data.pickClass")}
              testId="class-merge"
            />
          </Part>
        )}
        <Part
          title={t("data.deleteClass")}
          action={t("data.deleteClass")}
          isDisabled={isPending || !isSure}
          onSubmit={() => {
            onChange({ action: "delete", name });
          }}
          testId="delete"
        >
          <label className="check">
            <input
              type="checkbox"
              checked={isSure}
              onChange={({ target: box }) => {
                setSure(box.checked);
              }}
              data-testid="class-sure"
            />
            {t("data.deleteClassText", { n: orDash(images, whole, language) })}
          </label>
        </Part>
      </FaultContext>
    </Modal>
  );
}

interface PartProps {
  title: string;
  action: string;
  isDisabled: boolean;
  onSubmit: () => void;
  testId: string;
  children: ReactNode;
}

function Part({ title, action, isDisabled, onSubmit, testId, children }: PartProps) {
  return (
    <form
      className={css.part}
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <h3>{title}</h3>
      {children}
      <div>
        <button
          type="submit"
          className="button small"
          disabled={isDisabled}
          data-testid={`class-${testId}-save`}
        >
          {action}
        </button>
      </div>
    </form>
  );
}

interface TextProps {
  name: string;
  /** What the API calls it. */
  field: string;
  lang?: string;
  value: string;
  onChange: (value: string) => void;
  testId: string;
}

function Text({ name, field, lang, value, onChange, testId }: TextProps) {
  return (
    <label className="field">
      <span className="field-name" lang={lang}>
        {name}
      </span>
      <FaultInput
        field={field}
        lang={lang}
        value={value}
        maxLength={120}
        onChange={({ target }) => {
          onChange(target.value);
        }}
        data-testid={testId}
      />
    </label>
  );
}
