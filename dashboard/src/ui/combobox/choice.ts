/** One of the labels to choose from. */
export interface Choice {
  name: string;
  /** Its parents, from the top down. */
  above?: readonly string[];
}

export interface ComboboxProps {
  name: string;
  /** The name is for screen readers only. */
  hideName?: boolean;
  choices: readonly Choice[];
  value: string | null;
  /** `null`: nothing is chosen any more. */
  onChange: (value: string | null) => void;
  /** Shown while nothing is chosen. */
  placeholder: string;
  testId: string;
  /** Opens above the field: for one at the bottom of the window. */
  upward?: boolean;
}
