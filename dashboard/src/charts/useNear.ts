import { type RefObject, useEffect, useState } from "react";

const AROUND = "300px";

/** Whether `element` has been within 300 pixels of the window, or the page is printed. */
export function useNear(element: RefObject<Element | null>): boolean {
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    if (isNear || element.current === null) return undefined;
    const show = () => {
      setIsNear(true);
    };
    const observer = new IntersectionObserver(
      (seen) => {
        if (seen.some(({ isIntersecting }) => isIntersecting)) show();
      },
      { rootMargin: AROUND },
    );
    observer.observe(element.current);
    window.addEventListener("beforeprint", show);
    return () => {
      observer.disconnect();
      window.removeEventListener("beforeprint", show);
    };
  }, [element, isNear]);
  return isNear;
}
