import { useState } from "react";

import type { Column, Order } from "../../../ui/DataTable";

type Value = string | number | null;

/**
 * The rows as given, until the heading of a column is chosen: numbers the largest first, texts the
 * first first, and the other way round when it is chosen again. Unknown values stay last.
 */
export function useSort<Row, Name extends string>(
  rows: readonly Row[],
  values: Record<Name, (row: Row) => Value>,
) {
  const [chosen, setChosen] = useState<{ name: Name; order: Order } | null>(null);
  const by = (name: Name): NonNullable<Column["sort"]> => {
    const order = chosen?.name === name ? chosen.order : null;
    return {
      order,
      onSort: () => {
        const isText = rows.some((row) => typeof values[name](row) === "string");
        const first = isText ? "ascending" : "descending";
        const other = isText ? "descending" : "ascending";
        setChosen({ name, order: order === first ? other : first });
      },
    };
  };
  const sorted =
    chosen === null
      ? rows
      : [...rows].sort((one, other) =>
          compare(values[chosen.name](one), values[chosen.name](other), chosen.order),
        );
  return { sorted, by };
}

function compare(one: Value, other: Value, order: Order): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const difference =
    typeof one === "number" && typeof other === "number"
      ? one - other
      : String(one).localeCompare(String(other));
  return order === "ascending" ? difference : -difference;
}
