import type { Manifest } from "./artifact.ts";
import type { components, paths } from "./generated/schema.ts";

type Schemas = components["schemas"];

/** What `POST /predict` answers: the record, and its explanation. */
export type PredictAnswer = Schemas["PredictAnswer"];
/** Labels that hold the true one with a stated probability. */
export type PredictionSet = NonNullable<PredictAnswer["prediction_set"]>;
export type Explanation = Schemas["Explanation"];
/** A heatmap of a record, `null` where its version has none. */
export type RecordExplanation = Schemas["RecordExplanation"];
export type RecordThumbnails = Schemas["RecordThumbnails"];
export type Score = Schemas["Score"];

export type UploadForm = Schemas["UploadForm"];
export type UploadRequest = paths["/uploads"]["post"]["requestBody"]["content"]["application/json"];

export type LogEntry = Schemas["LogEntry"];
export type LogPage = Schemas["LogPage"];
export type LogQuery = NonNullable<paths["/logs"]["get"]["parameters"]["query"]>;

export type PredictionDetail = Schemas["PredictionDetail"];
/** What the caller may take back of a record's feedback. */
export type Undoable = NonNullable<PredictionDetail["undoable"]>;
export type PredictionStatus = LogEntry["status"];
export type UnknownReason = NonNullable<LogEntry["unknown_reason"]>;
export type PredictionOrigin = LogEntry["origin"];
/** What a device answered to an image, and with facts of one that stays there. */
export type DeviceResult = Schemas["DeviceResult"];
export type DeviceRecord = Schemas["DeviceRecord"];
/** What became of one of them. */
export type RecordTaken = Schemas["RecordTaken"];
/** How often a device and the cloud have the same best label. */
export type DeviceAgreement = Schemas["DeviceAgreement"];
export type PredictionSource = LogEntry["source"];
export type Feedback = Schemas["Feedback"];
export type FeedbackRequest =
  paths["/predictions/{id}/feedback"]["post"]["requestBody"]["content"]["application/json"];

export type ModelName = Schemas["ModelRef"];
export type ModelItem = Schemas["ModelEntry"];
export type ModelList = Schemas["ModelList"];
/** A version and its files. The report of an older version may lack fields. */
export type ModelDetail = Omit<Schemas["ModelDetail"], "manifest"> & { manifest: Manifest };
export type Aliases = Schemas["ServingAliases"];
export type MovePreview = Schemas["MovePreview"];
export type ClassChange = Schemas["ClassChange"];
export type AliasMove = Schemas["Move"];
export type Comparison = Schemas["ModelComparison"];
export type RollbackRule = Schemas["RollbackRule"];
export type Stats = Schemas["Stats"];
export type ModelFeedback = Schemas["ModelFeedback"];
export type Share = Schemas["Share"];
export type DailyStats = Schemas["DailyStats"];
export type VersionDay = Schemas["VersionDay"];
export type Costs = Schemas["Costs"];
export type MonthCost = Schemas["MonthCost"];
export type VersionCost = Schemas["VersionCost"];

export type Job = Schemas["TrainingJob"];
export type JobState = Job["state"];
export type JobEpoch = Schemas["JobEpoch"];
export type JobRequest =
  paths["/training-jobs"]["post"]["requestBody"]["content"]["application/json"];
export type TrainingOptions = Schemas["TrainingOptions"];
export type TrainingConfig = Schemas["ConfigOption"];

/** One page of a list. A null cursor: there are no older items. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
