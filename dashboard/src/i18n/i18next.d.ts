import "i18next";

import type data from "./data/en.json";
import type en from "./en.json";

declare module "i18next" {
  /** Makes a key that no language has a type error. */
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en & { data: typeof data } };
  }
}
