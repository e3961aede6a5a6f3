import type { paths } from "./schema";

type Answer<Path extends "/logs" | "/predictions/{id}" | "/health"> =
  paths[Path]["get"]["responses"][200]["content"]["application/json"];

/** What `POST /predict` answers: the record, and its explanation. */
export type PredictAnswer =
  paths["/predict"]["post"]["responses"][200]["content"]["application/json"];
export type Explanation = NonNullable<PredictAnswer["explanation"]>;
export type Score = PredictAnswer["top_k"][number];

export type LogPage = Answer<"/logs">;
export type LogEntry = LogPage["items"][number];
export type LogQuery = NonNullable<paths["/logs"]["get"]["parameters"]["query"]>;

export type PredictionDetail = Answer<"/predictions/{id}">;
export type PredictionStatus = LogEntry["status"];
export type Health = Answer<"/health">;
