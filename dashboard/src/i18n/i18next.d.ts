import "i18next";

import type backfills from "./backfills/en.json";
import type comparison from "./comparison/en.json";
import type data from "./data/en.json";
import type device from "./device/en.json";
import type en from "./en.json";

declare module "i18next" {
  /** Makes a key that no language has a type error. */
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: {
      translation: typeof en & {
        backfills: typeof backfills;
        comparison: typeof comparison;
        data: typeof data;
        device: typeof device;
      };
    };
  }
}
