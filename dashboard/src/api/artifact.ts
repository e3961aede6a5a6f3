import type { components } from "./report";

type Schemas = components["schemas"];

/** The files of a model version that training writes and this page shows. */
export type Manifest = Schemas["Manifest"];
export type GateCheck = Schemas["GateCheck"];
export type Report = Schemas["Report"];
export type Evaluation = Schemas["Evaluation"];
export type ClassScores = Schemas["ClassScores"];
export type Interval = Schemas["Interval"];
export type Findings = Schemas["Findings"];
export type Curve = Schemas["Curve"];
export type CurveSet = Schemas["CurveSet"];
export type Reliability = Schemas["Reliability"];
export type ImageAnswer = Schemas["ImageAnswer"];
export type Form = Schemas["ModelMeasure"]["form"];
