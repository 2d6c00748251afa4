// API keys: listed, made, revoked.

import { ApiError } from "./api.js";
import { byId, make, setText } from "./dom.js";
import { clearErrors } from "./field_errors.js";
import { given, onSubmit } from "./forms.js";
import { clockTime, MISSING } from "./format.js";
import { plainText } from "./messages.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

const DAY_MS = 86_400_000;

export class KeyList {
  #revoked;
  #armed = null;

  /** revoked(): a key was, and its sessions with it. */
  constructor(revoked) {
    this.#revoked = revoked;
    byId("new-key").addEventListener("click", () => this.#openForm(byId("key-form").hidden));
    byId("no-key").addEventListener("click", () => this.#openForm(false));
    byId("key-kept").addEventListener("click", () => hideSecrets());
    byId("keys").addEventListener("click", ({ target }) => this.#revoke(target.closest("[data-key]")));
    onSubmit(byId("key-form"), (fields) => this.#make(fields));
  }

  async load() {
    const { results } = await session.request("GET", "api-keys");
    this.#armed = null;
    byId("keys").replaceChildren(...results.map(rowOf));
    setText(byId("keys-empty"), results.length > 0 ? "" : "No keys. A program trades for you with one, without your password.");
  }

  clear() {
    byId("keys").replaceChildren();
    hideSecrets();
    this.#openForm(false);
  }

  #openForm(open) {
    const form = byId("key-form");
    form.hidden = !open;
    byId("new-key").setAttribute("aria-expanded", String(open));
    form.reset();
    clearErrors(form);
    if (open) form.elements.name.focus();
  }

  async #make(fields) {
    const made = await session.request("POST", "api-keys", asked(fields));
    this.#openForm(false);
    setText(byId("made-key-key"), made.key);
    setText(byId("made-key-secret"), made.secret ?? "");
    byId("made-key-secret-row").hidden = made.secret === null;
    byId("made-key").hidden = false;
    await this.load();
  }

  // The first click asks, the second does it.
  async #revoke(button) {
    if (!button) return;
    if (this.#armed !== button) {
      this.#armed = button;
      setText(button, "Really revoke");
      return;
    }
    button.disabled = true;
    try {
      await session.request("DELETE", `api-keys/${button.dataset.key}`);
      notify("The key is revoked.");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "NOT_FOUND") notify(plainText(error), "error");
    }
    await this.load();
    await this.#revoked();
  }
}

function asked({ name, scopes, addresses, expiry, public_key: publicKey, otp }) {
  const days = Number(expiry.value);
  return {
    name: name.value.trim(),
    scopes: [...scopes].filter((box) => box.checked).map((box) => box.value),
    allowed_addresses: addresses.value.split(/[\s,]+/).filter(Boolean),
    expires_at: days ? Date.now() + days * DAY_MS : null,
    ...given("public_key", publicKey),
    ...given("otp", otp),
  };
}

function hideSecrets() {
  byId("made-key").hidden = true;
  setText(byId("made-key-key"), "");
  setText(byId("made-key-secret"), "");
}

function rowOf(key) {
  const name = make("td", "", key.name || "Without a name", make("small", "", `${key.key_hint}…${key.public_key ? " · Ed25519" : ""}`));
  const button = make("button", "quiet small", "Revoke");
  button.type = "button";
  button.dataset.key = key.id;
  button.setAttribute("aria-label", `Revoke ${key.name || key.key_hint}`);
  return make(
    "tr",
    "",
    name,
    make("td", "", key.scopes.join(", ")),
    make("td", "medium-only", key.allowed_addresses.join(", ") || "anywhere"),
    make("td", "medium-only", key.last_used_at ? clockTime(key.last_used_at) : MISSING),
    make("td", "medium-only", key.expires_at ? clockTime(key.expires_at) : "never"),
    make("td", "", button),
  );
}
