// Short news at the edge of the page, read aloud by screen readers.

import { byId, make } from "./dom.js";

const SHOWN_MS = 6000;
const MOST = 4;

/** kind: info | buy | sell | error. News about the same thing (the same key) replaces what was said before. */
export function notify(text, kind = "info", key = "") {
  const list = byId("notices");
  const notice = make("p", "notice", text);
  Object.assign(notice.dataset, { kind, key });
  if (key) list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  while (list.children.length >= MOST) list.firstElementChild.remove();
  list.append(notice);
  setTimeout(() => notice.remove(), SHOWN_MS);
}
