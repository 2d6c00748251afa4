// Short news at the edge of the page, read aloud by screen readers.

import { byId, make } from "./dom.js";

const SHOWN_MS = 6000;
const MOST = 4;

/** kind: info | buy | sell | error. */
export function notify(text, kind = "info") {
  const list = byId("notices");
  const notice = make("p", "notice", text);
  notice.dataset.kind = kind;
  while (list.children.length >= MOST) list.firstElementChild.remove();
  list.append(notice);
  setTimeout(() => notice.remove(), SHOWN_MS);
}
