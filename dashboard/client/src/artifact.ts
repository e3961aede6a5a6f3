import type { components } from "./generated/report.ts";

type Schemas = components["schemas"];

/** `T` as an older training may have written it: without the fields that came later. */
type Since<T, Later extends keyof T> = Omit<T, Later> & Partial<Pick<T, Later>>;

/** The files of a model version that training writes and this page shows. */
export type Manifest = Since<Schemas["Manifest"], "familiarity" | "conformity" | "schema_version">;
export type GateCheck = Schemas["GateCheck"];
export type Report = Since<
  Omit<Schemas["Report"], "data" | "validation" | "test" | "unfamiliar">,
  "labels" | "prediction_sets" | "probe" | "tree" | "levels" | "curve"
> & {
  data: DataSummary;
  validation: Evaluation;
  test: Evaluation;
  unfamiliar?: Unfamiliar | null;
};
export type Evaluation = Since<
  Omit<Schemas["Evaluation"], "confusion">,
  "ece_interval" | "groups" | "few_groups"
> & {
  /** Earlier versions wrote all rows of the matrix in full. */
  confusion: Confusion | number[][];
};
export type Confusion = Schemas["Confusion"];
/** A label, or a parent of labels and of other parents; `null` at the top. */
export type TreeNode = Schemas["Label"];
export type Levels = Schemas["Levels"];
export type BackOffPoint = Schemas["BackOffPoint"];
export type DataSummary = Since<Omit<Schemas["DataSummary"], Part>, "groups"> &
  Record<Part, SplitSummary>;
export type Part = "train" | "validation" | "test";
type SplitSummary = Since<Schemas["SplitSummary"], "groups">;
export type GroupSummary = Schemas["GroupSummary"];
export type FoldScores = Schemas["FoldScores"];
export type LabelCheck = Schemas["LabelCheck"];
export type SuspectLabel = Schemas["SuspectLabel"];
/** What the page shows of it. */
export type Unfamiliar = Pick<
  Schemas["Unfamiliar"],
  | "threshold"
  | "kept_target"
  | "kept_validation"
  | "kept_test"
  | "unsure_test"
  | "unfamiliar_test"
  | "strangers"
>;
export type SetCoverage = Schemas["SetCoverage"];
export type ClassScores = Schemas["ClassScores"];
export type Interval = Schemas["Interval"];
export type Findings = Schemas["Findings"];
export type Curve = Schemas["Curve"];
export type CurveSet = Schemas["CurveSet"];
export type Reliability = Schemas["Reliability"];
export type ImageAnswer = Schemas["ImageAnswer"];
export type Form = Schemas["ModelMeasure"]["form"];
