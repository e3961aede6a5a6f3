import type { BackfillComparison } from "visionflow-client";

export type Example = BackfillComparison["examples"][number];
export type Cell = Pick<BackfillComparison["confusion"][number], "old" | "new">;

/** Which examples are shown; `null` does not choose. */
export interface Filter {
  cell: Cell | null;
  label: string | null;
  cluster: number | null;
}

/** In the address of the page, so that a choice can be linked. An empty label is unknown. */
const NAMES = { old: "from", new: "to", label: "class", cluster: "group" };

export function readFilter(params: URLSearchParams): Filter {
  const old = params.get(NAMES.old);
  const now = params.get(NAMES.new);
  const cluster = params.get(NAMES.cluster);
  return {
    cell: old === null || now === null ? null : { old: old || null, new: now || null },
    label: params.get(NAMES.label),
    cluster: cluster === null ? null : Number(cluster),
  };
}

export function writeFilter({ cell, label, cluster }: Filter): Record<string, string> {
  return {
    ...(cell && { [NAMES.old]: cell.old ?? "", [NAMES.new]: cell.new ?? "" }),
    ...(label !== null && { [NAMES.label]: label }),
    ...(cluster !== null && { [NAMES.cluster]: String(cluster) }),
  };
}

export function passes({ cell, label, cluster }: Filter, { old, new: now, ...rest }: Example) {
  return (
    (cell === null || isSame(cell, { old: old.label, new: now.label })) &&
    (label === null || old.label === label || now.label === label) &&
    (cluster === null || rest.cluster === cluster)
  );
}

export function isSame(one: Cell | null, other: Cell): boolean {
  return one !== null && one.old === other.old && one.new === other.new;
}
