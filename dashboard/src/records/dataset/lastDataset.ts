const STORAGE_KEY = "visionflow.dataset";

/** The dataset that images were last added to, until the tab closes. */
export function lastDataset(): string | null {
  return sessionStorage.getItem(STORAGE_KEY);
}

export function rememberDataset(name: string): void {
  sessionStorage.setItem(STORAGE_KEY, name);
}
