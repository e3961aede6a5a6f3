import { renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { useNeighbours } from "../../../src/records/record/steps/useNeighbours";
import { record } from "../../records";

const [first, last, arrived] = [record(3), record(2), record(1)];
const rows = [first, last];
type Shown = Omit<Parameters<typeof useNeighbours>[0], "loadOlder">;
const ended: Shown = { rows, hasOlder: true, isLoadingOlder: false, olderError: null };
const loadOlder = vi.fn();
const onGo = vi.fn();

beforeEach(() => {
  loadOlder.mockReset();
  onGo.mockReset();
});

/** Beside the last row, whose successor was asked for and is being loaded. */
function waiting() {
  const initialProps: { feed: Shown; id: string | null } = { feed: ended, id: last.id };
  const hook = renderHook(({ feed, id }) => useNeighbours({ ...feed, loadOlder }, id, onGo), {
    initialProps,
  });
  hook.result.current?.next();
  hook.rerender({ feed: { ...ended, isLoadingOlder: true }, id: last.id });
  expect(loadOlder).toHaveBeenCalledTimes(1);
  return hook;
}
const loaded = { ...ended, rows: [...rows, arrived] };

describe("the record after the last one", () => {
  it("is shown once it is loaded", () => {
    const { rerender } = waiting();
    rerender({ feed: loaded, id: last.id });
    expect(onGo.mock.calls).toEqual([[arrived.id]]);
  });

  it("is asked for once where that fails, until it is asked for again", () => {
    const { result, rerender } = waiting();
    const olderError = new Error("too many requests");
    expect(result.current?.error).toBeNull();
    rerender({ feed: { ...ended, olderError }, id: last.id });
    expect(result.current?.error).toBe(olderError);
    expect(loadOlder).toHaveBeenCalledTimes(1);
    // Somebody scrolls the list on.
    rerender({ feed: loaded, id: last.id });
    expect(onGo).not.toHaveBeenCalled();
  });

  it("is asked for once where the next page has no match", () => {
    const { result, rerender } = waiting();
    rerender({ feed: { ...ended }, id: last.id });
    expect(loadOlder).toHaveBeenCalledTimes(1);
    result.current?.next();
    expect(loadOlder).toHaveBeenCalledTimes(2);
  });

  it.each([null, first.id])("is not waited for any more beside %s", (elsewhere) => {
    const { rerender } = waiting();
    rerender({ feed: { ...ended, isLoadingOlder: true }, id: elsewhere });
    rerender({ feed: loaded, id: elsewhere });
    rerender({ feed: loaded, id: last.id });
    expect(onGo).not.toHaveBeenCalled();
  });
});
