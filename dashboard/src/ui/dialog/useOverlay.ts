import { useCallback } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";

/**
 * A drawer or dialog whose state is in the address as `?name=value`: a link opens it, and the back
 * button closes it. Closing one that was opened on this page navigates back, so that the history
 * keeps no entry that seems to do nothing.
 */
export function useOverlay(name: string) {
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const openedHere = useLocation().state === name;

  const open = useCallback(
    (value: string) => {
      setParams(
        (before) => {
          before.set(name, value);
          return before;
        },
        { state: name },
      );
    },
    [name, setParams],
  );
  const close = useCallback(() => {
    if (openedHere) {
      void navigate(-1);
      return;
    }
    setParams(
      (before) => {
        before.delete(name);
        return before;
      },
      { replace: true },
    );
  }, [name, openedHere, navigate, setParams]);
  /** Shows another one in its place; closing it leads to where the first one was opened. */
  const replace = useCallback(
    (value: string) => {
      setParams(
        (before) => {
          before.set(name, value);
          return before;
        },
        { replace: true, state: openedHere ? name : null },
      );
    },
    [name, openedHere, setParams],
  );
  return { value: params.get(name), open, replace, close };
}
