// Dark or light: the system's choice until the button is used.

import { byId } from "./dom.js";

const KEY = "bourse.theme";
const root = document.documentElement;

/** Wire the button; `changed` runs after each change (a canvas has to be painted again). */
export function startTheme(changed = () => {}) {
  const apply = (theme) => {
    root.dataset.theme = theme;
    changed();
  };
  byId("theme").addEventListener("click", () => {
    const theme = root.dataset.theme === "light" ? "dark" : "light";
    localStorage.setItem(KEY, theme);
    apply(theme);
  });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", ({ matches }) => {
    if (!localStorage.getItem(KEY)) apply(matches ? "light" : "dark");
  });
}
