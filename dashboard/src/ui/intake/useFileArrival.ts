import { useEffect, useEffectEvent, useState } from "react";

/**
 * Takes files that are pasted or dropped anywhere on the page (a near miss must not make the
 * browser navigate to the image). Returns whether files are being dragged over the page.
 */
export function useFileArrival(onArrival: (data: DataTransfer) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const arrive = useEffectEvent((data: DataTransfer | null) => {
    if (data && data.files.length > 0) onArrival(data);
  });

  useEffect(() => {
    const listeners = new AbortController();
    const { signal } = listeners;
    const onDragOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setDragging(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDragging(false); // left the window
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setDragging(false);
      arrive(event.dataTransfer);
    };
    const onPaste = (event: ClipboardEvent) => {
      arrive(event.clipboardData);
    };
    document.addEventListener("dragover", onDragOver, { signal });
    document.addEventListener("dragleave", onDragLeave, { signal });
    document.addEventListener("drop", onDrop, { signal });
    document.addEventListener("paste", onPaste, { signal });
    return () => {
      listeners.abort();
    };
  }, []);

  return dragging;
}
