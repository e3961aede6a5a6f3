import { useTranslation } from "react-i18next";
import type { Job, TrainingConfig, TrainingOptions } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { dateOf, whole } from "../../../i18n/format";
import { recipeText } from "../../../i18n/texts";
import { type Draft, modelName } from "../draft";
import { type Ancestor, type ClassChange, inherited, isInherited } from "./growth";
import { GrowthField } from "./GrowthField";
import { preset } from "../goals";
import css from "../JobForm.module.css";
import { MachineFields } from "./MachineFields";
import { Select } from "./Select";
import { GROUPS } from "../settings";
import { SettingsFields } from "./SettingsFields";
import { useVersions } from "../useDatasets";

interface AdvancedProps {
  options: TrainingOptions;
  draft: Draft;
  ancestors: readonly (Job & Ancestor)[];
  classes: ClassChange | null;
  onChange: (changes: Partial<Draft>) => void;
}

/** Everything that a goal decides, and the version and the machine. */
export function Advanced({ options, draft, ancestors, classes, onChange }: AdvancedProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const config = options.configs.find(({ name }) => name === draft.config);
  const ancestor = ancestors.find(({ id }) => id === draft.growFrom);
  const grows = ancestor !== undefined;
  return (
    <div className="stack">
      {draft.dataset !== "" && <VersionField draft={draft} onChange={onChange} />}
      <MachineFields options={options} draft={draft} onChange={onChange} />
      <GrowthField
        ancestors={ancestors}
        chosen={ancestor}
        change={classes}
        onChange={(next) => {
          const anew = { growFrom: "", goal: "quality", ...preset("quality") } as const;
          onChange(next ? { growFrom: next.id, goal: null, ...inherited(next) } : anew);
        }}
      />
      <Select
        name={t("training.config")}
        value={draft.config}
        disabled={grows}
        options={options.configs.map(({ name }) => name)}
        onChange={(next) => {
          onChange({ config: next, goal: null, model: "", recipe: "", set: {} });
        }}
        hint={config?.summary[language]}
        testId="job-config"
        field="config"
      />
      {config && (
        <>
          <div className={css.choices}>
            <Select
              name={t("training.model")}
              value={draft.model}
              disabled={grows}
              none={t("training.asConfig", { value: config.model })}
              options={options.models}
              onChange={(model) => {
                onChange({ model, goal: null });
              }}
              testId="job-model"
              field="model"
            />
            <Select
              name={t("training.recipe")}
              value={draft.recipe}
              none={t("training.asConfig", { value: recipeText(t, config.recipe) })}
              options={options.recipes}
              show={(recipe) => recipeText(t, recipe)}
              onChange={(recipe) => {
                onChange({ recipe, goal: null });
              }}
              testId="job-recipe"
              field="recipe"
            />
          </div>
          <SettingsFields
            key={`${config.name} ${draft.recipe} ${draft.growFrom}`}
            config={draft.dataset ? withoutGroups(config) : config}
            recipe={draft.recipe || config.recipe}
            recipes={options.recipes}
            usualName={draft.goal === null ? null : modelName(draft)}
            set={draft.set}
            isFixed={(name) => grows && isInherited(name)}
            onChange={(set) => {
              onChange({ set });
            }}
          />
        </>
      )}
    </div>
  );
}

/** A dataset has the groups of its images. */
function withoutGroups(config: TrainingConfig): TrainingConfig {
  const kept = Object.entries(config.parameters).filter(([name]) => name !== GROUPS);
  return { ...config, parameters: Object.fromEntries(kept) };
}

function VersionField({ draft, onChange }: Pick<AdvancedProps, "draft" | "onChange">) {
  const { t } = useTranslation();
  const language = useLanguage();
  const versions = useVersions(draft.dataset);
  const named = (number: string) => {
    const version = versions.find((one) => String(one.number) === number);
    if (version === undefined) return number;
    return t("training.versionOf", {
      number,
      date: dateOf(version.created_at, language),
      images: whole(version.images, language),
    });
  };
  return (
    <Select
      name={t("training.version")}
      value={draft.version}
      none={t("training.versionNow")}
      options={versions.map(({ number }) => String(number))}
      show={named}
      onChange={(version) => {
        onChange({ version });
      }}
      hint={t("training.versionHint")}
      testId="job-version"
      field="dataset_version"
    />
  );
}
