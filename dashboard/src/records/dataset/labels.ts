import type { Dataset, Feedback } from "visionflow-client";

/** A record whose image goes into a dataset. */
export interface Taken {
  id: string;
  feedback: Feedback | null;
}

/** As `label_key` of `visionflow/labels.py`: upper and lower case are the same. */
const key = (label: string) => label.normalize("NFC").toLowerCase();

/** The class of the dataset that feedback names; `null` where it has no such class. */
function classOf(dataset: Dataset, label: string): string | null {
  return dataset.classes.find(({ name }) => key(name) === key(label))?.name ?? null;
}

/** What feedback says of images; a parent is no label for one of them, and neither is none. */
function given(records: readonly Taken[]): string[] {
  return records.flatMap(({ feedback }) =>
    feedback?.label == null || feedback.is_parent ? [] : [feedback.label],
  );
}

/** The class that one record has by its feedback. Of several, each has its own. */
export function suggested(dataset: Dataset, records: readonly Taken[]): string | null {
  const [label] = records.length === 1 ? given(records) : [];
  return label === undefined ? null : classOf(dataset, label);
}

/** The labels of feedback that are not classes: without another label the API refuses them. */
export function foreign(dataset: Dataset, records: readonly Taken[]): string[] {
  return [...new Set(given(records))].filter((label) => classOf(dataset, label) === null);
}
