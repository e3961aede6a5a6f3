import type { ReactNode } from "react";

import css from "./DataTable.module.css";

export interface Column {
  name: string;
  /** Aligned at the end of the cell, for numbers. */
  end?: boolean;
  /** The heading is for screen readers only. */
  hidden?: boolean;
  /** How the rows are ordered by this column, and what its heading does. */
  sort?: { order: Order | null; onSort: () => void };
}

export type Order = "ascending" | "descending";

interface DataTableProps {
  columns: readonly Column[];
  /** The id of the heading above it. */
  labelledBy: string;
  className?: string | undefined;
  testId?: string;
  /** The rows. */
  children: ReactNode;
}

/** A table that scrolls horizontally, by keyboard too, if it is wider than its container. */
export function DataTable({ columns, labelledBy, className, testId, children }: DataTableProps) {
  return (
    <div className="table-scroll" role="group" aria-labelledby={labelledBy} tabIndex={0}>
      <table className={`table ${className ?? ""}`} data-testid={testId}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.name} {...column} />
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

const ARROWS = { ascending: "↑", descending: "↓" };

function Heading({ name, end, hidden, sort }: Column) {
  return (
    <th
      scope="col"
      className={end ? "end" : undefined}
      {...(sort?.order && { "aria-sort": sort.order })}
    >
      {sort ? (
        <button type="button" className={css.sort} onClick={sort.onSort}>
          {name}
          <span className={css.arrow} aria-hidden>
            {sort.order ? ARROWS[sort.order] : "↕"}
          </span>
        </button>
      ) : hidden ? (
        <span className="visually-hidden">{name}</span>
      ) : (
        name
      )}
    </th>
  );
}
