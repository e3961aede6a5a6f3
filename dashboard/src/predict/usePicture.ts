import { useCallback, useEffect, useState } from "react";

export interface Picture {
  file: File;
  /** An object URL for the preview, valid until the next picture is chosen. */
  url: string;
}

export function usePicture(): [Picture | null, (file: File) => void] {
  const [picture, setPicture] = useState<Picture | null>(null);
  const url = picture?.url;
  useEffect(() => {
    if (url === undefined) return;
    return () => {
      URL.revokeObjectURL(url);
    };
  }, [url]);
  const choose = useCallback((file: File) => {
    setPicture({ file, url: URL.createObjectURL(file) });
  }, []);
  return [picture, choose];
}
