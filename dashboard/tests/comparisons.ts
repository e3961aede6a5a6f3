import type { BackfillComparison } from "visionflow-client";

type Example = BackfillComparison["examples"][number];
type Answer = Example["old"];

export function answer(
  label: string | null,
  confidence: number,
  rest: Partial<Answer> = {},
): Answer {
  const top = [
    { label: label ?? "daisy", confidence },
    { label: "dandelion", confidence: (1 - confidence) / 2 },
  ];
  return { label, confidence, unknown_reason: label === null ? "unsure" : null, top, ...rest };
}

export function example(key: string, changes: Partial<Example> = {}): Example {
  return {
    key,
    bucket: "photos",
    version_id: null,
    cluster: 0,
    disagreement: 0.93,
    width: 1_200,
    height: 800,
    thumbnail: `http://images.test/thumbnails/${key}`,
    prediction_id: null,
    old: answer("rose", 0.91),
    new: answer("tulip", 0.88),
    ...changes,
  };
}

const EDGES = Array.from({ length: 21 }, (_, index) => -1 + index / 10);

/** 2,000 images, 85 of them answered differently: in two groups, and some that became unknown. */
export function comparison(changes: Partial<BackfillComparison> = {}): BackfillComparison {
  const counts = EDGES.slice(1).map(() => 0);
  counts[3] = 30;
  counts[9] = 800;
  counts[10] = 1_100;
  counts[14] = 70;
  return {
    new: "visionflow20/2.0.0",
    old: "visionflow20/1.0.0",
    images: 2_000,
    failed: { both: 4, new: 1, old: 0 },
    agreement: { share: 0.9575, low: 0.9477, high: 0.9655 },
    unknown: { both: 50, new: 25, old: 10 },
    confidence: { new_mean: 0.9312, old_mean: 0.9104, edges: EDGES, counts },
    confusion: [
      { old: "rose", new: "tulip", images: 40 },
      { old: "daisy", new: null, images: 25 },
      { old: null, new: "rose", images: 10 },
    ],
    confusion_left: 10,
    labels: [
      { label: "tulip", new: 640, old: 600, both: 590, shift: 0.021 },
      { label: "rose", new: 470, old: 500, both: 455, shift: -0.034 },
      { label: "daisy", new: 800, old: 825, both: 800, shift: 0.01 },
      { label: "violet", new: 6, old: 0, both: 0, shift: null },
    ],
    labels_left: 0,
    slices: [
      slice("folder", "evening", 400, 0.86, -0.04),
      slice("folder", "", 1_600, 0.982, 0.03),
      slice("size", "0.5-2", 1_992, 0.958, 0.02),
      slice("size", "<0.1", 8, 0.875, 0.05),
      slice("confidence", "<0.5", 150, 0.7, 0.11),
      slice("confidence", "0.9-1", 1_850, 0.978, 0.01),
    ],
    folders_left: 0,
    clusters: [
      { id: 0, images: 44, old: "rose", new: "tulip", example: 0 },
      { id: 1, images: 31, old: "daisy", new: null, example: 1 },
    ],
    examples: [
      example("evening/a.jpg"),
      example("evening/b.jpg", {
        cluster: 1,
        disagreement: 0.71,
        old: answer("daisy", 0.64),
        new: answer(null, 0.35),
      }),
      example("c.jpg", { disagreement: 0.9 }),
      example("d.jpg", { cluster: 1, old: answer(null, 0.3), new: answer("rose", 0.8) }),
    ],
    ...changes,
  };
}

function slice(
  by: BackfillComparison["slices"][number]["by"],
  value: string,
  images: number,
  share: number,
  shift: number,
): BackfillComparison["slices"][number] {
  return { by, value, images, agreement: { share, low: share - 0.02, high: share + 0.01 }, shift };
}
