import type {
  DatasetClassChange,
  Dataset,
  DatasetDetails,
  DatasetImage,
  DatasetVersion,
  Flow,
  ImageChange,
  InstantRun,
  NewImage,
  VersionDiff,
} from "visionflow-client";

const AT = "2026-11-27T02:00:00.000000Z";

/** 64 hexadecimal digits that end with `n`. */
export const hash = (n: number) => n.toString(16).padStart(64, "0");

export function dataset(name: string, classes: string[] = [], changes: Partial<Dataset> = {}) {
  const made: Dataset = {
    name,
    created_at: AT,
    created_by: "tester",
    classes: classes.map((known) => ({ name: known, ko: null, en: null })),
    revision: 0,
    flow: null,
    ...changes,
  };
  return made;
}

export function image(n: number, changes: Partial<DatasetImage> = {}): DatasetImage {
  return {
    sha256: hash(n),
    state: "ready",
    added_at: AT,
    added_by: "tester",
    source: "upload",
    bytes: 1234,
    file_name: `${n}.jpg`,
    label: null,
    labelled_by: null,
    part: null,
    group: hash(n),
    width: 640,
    height: 480,
    suspected: null,
    outlier: false,
    error: null,
    removed: false,
    ...changes,
  };
}

export function run(changes: Partial<InstantRun> = {}): InstantRun {
  return {
    id: "run-1",
    dataset: "fruit",
    version: 1,
    model: "fruit",
    state: "done",
    started_at: "2026-11-27T02:00:00.000000Z",
    started_by: "tester",
    promote: false,
    steps: (["freeze", "embed", "fit", "prove", "publish"] as const).map((name) => ({
      name,
      started_at: AT,
      finished_at: AT,
      done: null,
      total: null,
    })),
    finished_at: "2026-11-27T02:00:41.000000Z",
    model_version: "1.0.0",
    result: {
      top1: 0.96,
      top1_low: 0.91,
      top1_high: 0.99,
      images: 50,
      groups: 40,
      series: [],
      worst: [
        { label: "apple", answered: "pear", count: 3 },
        { label: "pear", answered: "apple", count: 2 },
        { label: "plum", answered: "pear", count: 1 },
        { label: "plum", answered: "apple", count: 1 },
      ],
      curve: [
        { images: 40, top1: 0.9, top1_low: 0.82, top1_high: 0.95 },
        { images: 80, top1: 0.96, top1_low: 0.91, top1_high: 0.99 },
      ],
      compared: {
        model: "fruit",
        version: "0.9.0",
        images: 48,
        groups: 39,
        before: 0.948,
        after: 0.961,
        difference_low: 0.002,
        difference_high: 0.024,
      },
    },
    serves: false,
    error: null,
    ...changes,
  };
}

export function version(number: number, changes: Partial<DatasetVersion> = {}): DatasetVersion {
  return {
    dataset: "fruit",
    number,
    created_at: AT,
    created_by: "tester",
    sha256: hash(number),
    images: 100 * number,
    classes: ["apple", "pear"],
    note: null,
    ...changes,
  };
}

const PAGE = 1000;

/** The routes of datasets, in memory. Uploads arrive as soon as they are announced. */
export class FakeDatasets {
  list: Dataset[] | null = [];
  images: DatasetImage[] = [];
  versions: DatasetVersion[] = [];
  runs: InstantRun[] = [];
  health: DatasetDetails["health"] = null;
  diff: VersionDiff | null = null;
  forecast: DatasetDetails["forecast"] = null;
  flowToday = 0;
  proposal: DatasetDetails["proposal"] = null;
  /** What `POST /train` starts. */
  next: InstantRun | null = null;
  readonly changes: ImageChange[][] = [];
  readonly announced: NewImage[] = [];
  /** Predictions whose copies are not let in. */
  readonly erased = new Set<string>();
  /** Records whose images are no longer there. */
  readonly gone = new Set<string>();

  answer(method: string, url: URL, body: unknown): Response | null {
    const [first, name, what, id] = url.pathname.split("/").slice(1);
    if (first !== "datasets" || this.list === null) return null;
    if (name === undefined) return this.#all(method, body);
    const known = this.list.find((one) => one.name === name);
    if (!known) return answer({ code: "dataset_missing", detail: "none" }, 404);
    switch (`${method} ${what ?? ""}`) {
      case "GET ":
        return answer({
          dataset: known,
          health: this.health,
          latest: this.versions[0] ?? null,
          run: this.runs[0] ?? null,
          forecast: this.forecast,
          flow_today: this.flowToday,
          proposal: this.proposal,
        });
      case "DELETE ":
        this.list = this.list.filter((one) => one !== known);
        return answer({ deleted: true });
      case "GET images":
        return id === undefined ? this.#page(url) : this.#image(id);
      case "GET thumbnails":
        return answer({ items: thumbnails(url.searchParams.get("images") ?? "") });
      case "GET links":
        return answer({ items: this.#links(url.searchParams.get("images") ?? "") });
      case "POST uploads":
        return this.#uploads((body as { images: NewImage[] }).images);
      case "POST predictions":
        return this.#take((body as { ids: string[] }).ids);
      case "POST changes":
        return this.#change((body as { changes: ImageChange[] }).changes);
      case "POST classes":
        return this.#class(known, body as DatasetClassChange);
      case "POST flow":
        return this.#flow(known, body as Flow);
      case "DELETE flow":
        return this.#flow(known, null);
      case "GET versions":
        return this.#version(id, url);
      case "POST versions": {
        const { note } = body as { note: string | null };
        const made = version(this.versions.length + 1, { note });
        this.versions = [made, ...this.versions];
        return answer(made, 201);
      }
      case "POST train":
        if (this.next) this.runs = [this.next, ...this.runs];
        return answer(this.next ?? {}, 202);
      case "GET runs":
        return id === undefined
          ? answer({ items: this.runs })
          : answer(this.runs.find((one) => one.id === id) ?? {});
    }
    return null;
  }

  #all(method: string, body: unknown): Response {
    if (method === "GET") return answer({ items: this.list });
    const wanted = body as { name: string; classes: string[] };
    const made = dataset(wanted.name, wanted.classes);
    this.list = [...(this.list ?? []), made];
    return answer(made, 201);
  }

  #page({ searchParams }: URL): Response {
    const start = Number(searchParams.get("cursor") ?? 0);
    const end = start + PAGE;
    const next_cursor = end < this.images.length ? String(end) : null;
    return answer({ items: this.images.slice(start, end), next_cursor });
  }

  #image(sha256: string): Response {
    const found = this.images.find((one) => one.sha256 === sha256);
    return answer({ image: found, url: "http://images.test/original.jpg" });
  }

  #links(hashes: string): Record<string, string> {
    const there = new Set(this.images.map(({ sha256 }) => sha256));
    const known = hashes.split(",").filter((sha256) => there.has(sha256));
    return Object.fromEntries(known.map((sha256) => [sha256, `http://bucket.test/${sha256}`]));
  }

  #uploads(images: NewImage[]): Response {
    this.announced.push(...images);
    const there = new Set(this.images.map(({ sha256 }) => sha256));
    const erased = images.filter(({ prediction_id: id }) => id != null && this.erased.has(id));
    const fresh = images.filter((one) => !there.has(one.sha256) && !erased.includes(one));
    this.images = [
      ...this.images,
      ...fresh.map(({ sha256, label, file_name, bytes }) =>
        image(0, { sha256, label: label ?? null, file_name: file_name ?? null, bytes }),
      ),
    ];
    return answer({
      known: images.filter(({ sha256 }) => there.has(sha256)).map(({ sha256 }) => sha256),
      forms: fresh.map(({ sha256 }) => ({
        sha256,
        url: `http://bucket.test/${sha256}`,
        headers: {},
      })),
      erased: erased.map(({ sha256 }) => sha256),
    });
  }

  #take(ids: string[]): Response {
    const there = new Set(this.images.map(({ source }) => source));
    const found = ids.filter((id) => !this.gone.has(id));
    const fresh = found.map((id) => `prediction:${id}`).filter((source) => !there.has(source));
    this.images = [
      ...this.images,
      ...fresh.map((source, n) => image(this.images.length + n, { source })),
    ];
    return answer({
      added: fresh.length,
      known: found.length - fresh.length,
      missing: ids.filter((id) => this.gone.has(id)),
    });
  }

  #change(changes: ImageChange[]): Response {
    this.changes.push(changes);
    const byHash = new Map(changes.map((change) => [change.sha256, change]));
    this.images = this.images.map((one) => ({ ...one, ...byHash.get(one.sha256) }));
    return answer({ changed: changes.length });
  }

  #class(known: Dataset, { action, name, to, ko, en }: DatasetClassChange): Response {
    const classes = known.classes.flatMap((one) => {
      if (one.name !== name) return one;
      if (action === "rename") return { ...one, name: to ?? name };
      if (action === "describe") return { ...one, ko: ko ?? null, en: en ?? null };
      return [];
    });
    if (action === "add") classes.push({ name, ko: null, en: null });
    const changed = { ...known, classes, revision: known.revision + 1 };
    this.list = (this.list ?? []).map((one) => (one === known ? changed : one));
    const label = action === "delete" ? null : (to ?? null);
    if (action !== "add" && action !== "describe") {
      this.images = this.images.map((one) => (one.label === name ? { ...one, label } : one));
    }
    return answer(changed);
  }

  #flow(known: Dataset, flow: Flow | null): Response {
    const changed = { ...known, flow };
    this.list = (this.list ?? []).map((one) => (one === known ? changed : one));
    return answer(changed);
  }

  #version(id: string | undefined, url: URL): Response {
    if (id === undefined) return answer({ items: this.versions });
    if (url.pathname.endsWith("/diff")) return answer(this.diff ?? {});
    const found = this.versions.find(({ number }) => number === Number(id));
    return answer({
      version: found,
      url: "http://bucket.test/manifest.jsonl.gz",
      models: [{ name: "fruit", version: "1.0.0" }],
    });
  }
}

function thumbnails(hashes: string): Record<string, string> {
  return Object.fromEntries(
    hashes.split(",").map((sha256) => [sha256, `data:image/jpeg;base64,${sha256.slice(-4)}`]),
  );
}

function answer(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json" },
  });
}
