import type { components, paths } from "../generated/schema.ts";
import { ask, type Transport, WRITE_TIMEOUT_MS } from "../transport/transport.ts";
import type { Page } from "../types.ts";

type Schemas = components["schemas"];
type Body<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { "application/json": infer Sent } } };
}
  ? Sent
  : never;

export type Dataset = Schemas["Dataset"];
export type DatasetClass = Schemas["DatasetClass"];
export type Flow = Schemas["Flow"];
export type Proposal = Omit<Schemas["Proposal"], "run"> & { run: InstantRun | null };
export type DatasetDetails = Omit<Schemas["DatasetDetails"], "run" | "proposal"> & {
  run: InstantRun | null;
  proposal: Proposal | null;
};
/** The client reads a code and a sentence as a list. */
type Failing<Row> = Omit<Row, "error"> & { error: readonly string[] | null };
export type DatasetImage = Failing<Schemas["DatasetImage"]>;
export type DatasetVersion = Schemas["DatasetVersion"];
export type ImageDetails = Omit<Schemas["ImageDetails"], "image"> & { image: DatasetImage };
export type InstantRun = Failing<Schemas["InstantRun"]>;
export type RunResult = NonNullable<InstantRun["result"]>;
export type Health = NonNullable<DatasetDetails["health"]>;
export type UploadForms = Schemas["UploadForms"];
export type VersionDetails = Schemas["VersionDetails"];
export type VersionDiff = Schemas["VersionDiff"];
/** How many images are new, how many were there, and how many are no longer available. */
export interface PredictionsTaken {
  added: number;
  known: number;
  missing: number;
}
export type NewImage = Pick<
  Body<"/datasets/{name}/uploads">["images"][number],
  "sha256" | "bytes" | "content_type" | "label" | "file_name" | "prediction_id"
>;
/** What is left out stays as it is. */
export type ImageChange = Pick<DatasetImage, "sha256"> &
  Partial<Pick<DatasetImage, "label" | "removed" | "part">>;
type ClassRequest = Body<"/datasets/{name}/classes">;
export type DatasetClassChange = Pick<ClassRequest, "action" | "name"> & Partial<ClassRequest>;

/** Items of one call; the API refuses more. */
export const MOST_UPLOADS = 100;
export const MOST_CHANGES = 500;
export const MOST_THUMBNAILS = 50;
export const MOST_LINKS = 50;
const MOST_PREDICTIONS = 25;
const MOST_IMAGES = 1000;

export interface DatasetsApi {
  datasets(signal?: AbortSignal): Promise<Dataset[]>;
  createDataset(name: string, classes: string[], signal?: AbortSignal): Promise<Dataset>;
  dataset(name: string, signal?: AbortSignal): Promise<DatasetDetails>;
  deleteDataset(name: string, signal?: AbortSignal): Promise<object>;
  datasetImages(
    name: string,
    cursor: string | null,
    signal?: AbortSignal,
  ): Promise<Page<DatasetImage>>;
  datasetImage(name: string, sha256: string, signal?: AbortSignal): Promise<ImageDetails>;
  /** Data URLs by hash, of at most `MOST_THUMBNAILS` images. */
  thumbnails(
    name: string,
    hashes: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, string>>;
  /** URLs of images' bytes by hash, of at most `MOST_LINKS` images. */
  imageLinks(
    name: string,
    hashes: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, string>>;
  /** What the dataset has already, and how to send the rest. */
  uploadForms(name: string, images: NewImage[], signal?: AbortSignal): Promise<UploadForms>;
  changeImages(
    name: string,
    changes: readonly ImageChange[],
    signal?: AbortSignal,
  ): Promise<{ changed: number }>;
  /** Copies the images of records; without a label, each has that of its feedback. */
  takePredictions(
    name: string,
    ids: readonly string[],
    label: string | null,
  ): Promise<PredictionsTaken>;
  changeClass(name: string, change: DatasetClassChange, signal?: AbortSignal): Promise<Dataset>;
  /** The rule by which records flow in. */
  setFlow(name: string, flow: Flow): Promise<Dataset>;
  endFlow(name: string): Promise<Dataset>;
  versions(name: string, signal?: AbortSignal): Promise<DatasetVersion[]>;
  /** The same content gives the same version again. */
  freeze(name: string, note: string | null, signal?: AbortSignal): Promise<DatasetVersion>;
  version(name: string, number: number, signal?: AbortSignal): Promise<VersionDetails>;
  versionDiff(name: string, from: number, to: number, signal?: AbortSignal): Promise<VersionDiff>;
  train(name: string, signal?: AbortSignal): Promise<InstantRun>;
  runs(name: string, signal?: AbortSignal): Promise<InstantRun[]>;
  run(name: string, id: string, signal?: AbortSignal): Promise<InstantRun>;
}

export function datasetsApi(client: Transport): DatasetsApi {
  const one = (name: string) => ({ path: { name } });
  return {
    datasets: async (signal) => {
      const { items } = await ask(signal, (bounded) =>
        client.GET("/datasets", { signal: bounded }),
      );
      return items;
    },
    createDataset: (name, classes, signal) =>
      ask(signal, (bounded) =>
        client.POST("/datasets", { body: { name, classes }, signal: bounded }),
      ),
    dataset: (name, signal) =>
      ask(signal, (bounded) =>
        client.GET("/datasets/{name}", { params: one(name), signal: bounded }),
      ),
    deleteDataset: (name, signal) =>
      ask(
        signal,
        (bounded) => client.DELETE("/datasets/{name}", { params: one(name), signal: bounded }),
        WRITE_TIMEOUT_MS,
      ),
    datasetImages: (name, cursor, signal) => {
      const query = { limit: MOST_IMAGES, ...(cursor !== null && { cursor }) };
      return ask(signal, (bounded) =>
        client.GET("/datasets/{name}/images", {
          params: { ...one(name), query },
          signal: bounded,
        }),
      );
    },
    datasetImage: (name, sha256, signal) =>
      ask(signal, (bounded) =>
        client.GET("/datasets/{name}/images/{sha256}", {
          params: { path: { name, sha256 } },
          signal: bounded,
        }),
      ),
    thumbnails: async (name, hashes, signal) => {
      const query = { images: hashes.join(",") };
      const { items } = await ask(signal, (bounded) =>
        client.GET("/datasets/{name}/thumbnails", {
          params: { ...one(name), query },
          signal: bounded,
        }),
      );
      return items;
    },
    imageLinks: async (name, hashes, signal) => {
      const query = { images: hashes.join(",") };
      const { items } = await ask(signal, (bounded) =>
        client.GET("/datasets/{name}/links", {
          params: { ...one(name), query },
          signal: bounded,
        }),
      );
      return items;
    },
    uploadForms: (name, images, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/datasets/{name}/uploads", {
            params: one(name),
            body: { images: images },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    changeImages: (name, changes, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/datasets/{name}/changes", {
            params: one(name),
            // The description knows defaults, and so no field that may be left out.
            body: { changes } as Body<"/datasets/{name}/changes">,
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    takePredictions: async (name, ids, label) => {
      const sum: PredictionsTaken = { added: 0, known: 0, missing: 0 };
      for (let start = 0; start < ids.length; start += MOST_PREDICTIONS) {
        const body = { ids: ids.slice(start, start + MOST_PREDICTIONS), label };
        const { added, known, missing } = await ask(
          undefined,
          (bounded) =>
            client.POST("/datasets/{name}/predictions", {
              params: one(name),
              body,
              signal: bounded,
            }),
          WRITE_TIMEOUT_MS,
        );
        sum.added += added;
        sum.known += known;
        sum.missing += missing.length;
      }
      return sum;
    },
    changeClass: (name, change, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/datasets/{name}/classes", {
            params: one(name),
            body: { to: null, ko: null, en: null, ...change },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    setFlow: (name, body) =>
      ask(undefined, (bounded) =>
        client.POST("/datasets/{name}/flow", { params: one(name), body, signal: bounded }),
      ),
    endFlow: (name) =>
      ask(undefined, (bounded) =>
        client.DELETE("/datasets/{name}/flow", { params: one(name), signal: bounded }),
      ),
    versions: async (name, signal) => {
      const { items } = await ask(signal, (bounded) =>
        client.GET("/datasets/{name}/versions", { params: one(name), signal: bounded }),
      );
      return items;
    },
    freeze: (name, note, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/datasets/{name}/versions", {
            params: one(name),
            body: { note },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    version: (name, number, signal) =>
      ask(signal, (bounded) =>
        client.GET("/datasets/{name}/versions/{number}", {
          params: { path: { name, number } },
          signal: bounded,
        }),
      ),
    versionDiff: (name, from, to, signal) =>
      ask(
        signal,
        (bounded) =>
          client.GET("/datasets/{name}/versions/{number}/diff", {
            params: { path: { name, number: to }, query: { from } },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    train: (name, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/datasets/{name}/train", {
            params: one(name),
            body: { model: null, promote: false },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    runs: async (name, signal) => {
      const { items } = await ask(signal, (bounded) =>
        client.GET("/datasets/{name}/runs", { params: one(name), signal: bounded }),
      );
      return items;
    },
    run: (name, id, signal) =>
      ask(signal, (bounded) =>
        client.GET("/datasets/{name}/runs/{id}", {
          params: { path: { name, id } },
          signal: bounded,
        }),
      ),
  };
}
