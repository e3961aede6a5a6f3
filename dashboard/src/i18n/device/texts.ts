import type { i18n } from "i18next";

import en from "./en.json";
import ko from "./ko.json";

/** Adds the texts of the page that answers on the device, and of its errors, which come with its code. */
export function addDeviceTexts(instance: i18n): void {
  if (instance.getResource("en", "translation", "device") !== undefined) return;
  for (const [language, device] of Object.entries({ en, ko })) {
    instance.addResourceBundle(language, "translation", { device, errors: device.errors }, true);
  }
}
