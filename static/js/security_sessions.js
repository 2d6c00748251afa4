// Where somebody is signed in.

import { ApiError } from "./api.js";
import { byId, make } from "./dom.js";
import { clockTime } from "./format.js";
import { plainText } from "./messages.js";
import { notify } from "./notices.js";
import { programOf } from "./programs.js";
import { session } from "./session.js";

const PAGE = 20;

export class SessionList {
  #shown = [];
  #next = null;

  constructor() {
    byId("sessions").addEventListener("click", ({ target }) => this.#end(target.closest("[data-session]")));
    byId("end-others").addEventListener("click", () => this.#endOthers());
    byId("more-sessions").addEventListener("click", () => this.#more());
  }

  async load() {
    const page = await session.request("GET", `auth/sessions?limit=${PAGE}`);
    this.#show(page.results, page.next_cursor);
  }

  clear() {
    this.#show([], null);
  }

  async #more() {
    const page = await session.request("GET", `auth/sessions?limit=${PAGE}&cursor=${this.#next}`);
    this.#show([...this.#shown, ...page.results], page.next_cursor);
  }

  #show(rows, next) {
    this.#shown = rows;
    this.#next = next;
    byId("sessions").replaceChildren(...rows.map(rowOf));
    byId("end-others").hidden = rows.length < 2;
    byId("more-sessions").hidden = next === null;
  }

  async #end(button) {
    if (!button) return;
    button.disabled = true;
    if (button.dataset.current) return session.signOut();
    await this.#tell(() => session.request("DELETE", `auth/sessions/${button.dataset.session}`), "Signed out there.");
  }

  async #endOthers() {
    await this.#tell(() => session.request("DELETE", "auth/sessions"), "Signed out everywhere else.");
  }

  async #tell(act, done) {
    try {
      await act();
      notify(done);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "NOT_FOUND") notify(plainText(error), "error"); // it had ended by itself
    }
    if (session.signedIn) await this.load();
  }
}

function rowOf(row) {
  const program = make("td", "", programOf(row));
  if (row.is_current) program.append(make("span", "tag on", "This one"));
  program.append(make("small", "small-only", row.address));
  program.title = row.user_agent;
  const button = make("button", "quiet small", "Sign out");
  button.type = "button";
  button.dataset.session = row.id;
  if (row.is_current) button.dataset.current = "yes";
  button.setAttribute("aria-label", `Sign out: ${programOf(row)}, ${row.address}`);
  return make(
    "tr",
    "",
    program,
    make("td", "medium-only", row.address),
    make("td", "medium-only", clockTime(row.created_at)),
    make("td", "medium-only", clockTime(row.last_used_at)),
    make("td", "", button),
  );
}
