// The second factor: setting it up, its recovery codes, turning it off.

import { byId, make, setText } from "./dom.js";
import { clearErrors } from "./field_errors.js";
import { given, onSubmit } from "./forms.js";
import { clockTime } from "./format.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

const OFF = "With a second factor nobody signs in as you with your password alone: a code of an app on your phone is asked for too.";
const WAYS = {
  renew: {
    title: "New recovery codes",
    text: "Your old recovery codes end.",
    button: "Show new codes",
    path: "auth/two-factor/recovery-codes",
  },
  disable: {
    title: "Turn the second factor off",
    text: "Your password alone will sign you in. API keys that may withdraw are revoked.",
    button: "Turn it off",
    path: "auth/two-factor/disable",
  },
};

export class SecondFactor {
  #changed;
  #way = WAYS.renew;

  /** changed(): it was turned on or off. */
  constructor(changed) {
    this.#changed = changed;
    onSubmit(byId("enrol-form"), (fields) => this.#enrol(fields));
    onSubmit(byId("confirm-form"), (fields) => this.#confirm(fields));
    onSubmit(byId("confirmation-form"), (fields) => this.#change(fields));
    byId("renew-codes").addEventListener("click", () => this.#ask(WAYS.renew));
    byId("disable-factor").addEventListener("click", () => this.#ask(WAYS.disable));
    byId("codes-kept").addEventListener("click", () => this.#hideCodes());
    byId("confirmation").querySelector("[data-close]").addEventListener("click", () => byId("confirmation").close());
  }

  async load() {
    this.#show(await session.request("GET", "auth/two-factor"));
  }

  clear() {
    this.#hideCodes();
    this.#hideSeed();
    byId("confirmation").close();
  }

  #show({ enabled, enabled_at: since, recovery_codes_left: left }) {
    setText(byId("factor-state"), enabled ? "On" : "Off");
    byId("factor-state").className = `tag ${enabled ? "on" : "off"}`;
    setText(byId("factor-text"), enabled ? `On since ${clockTime(since)}. ${leftText(left)}` : OFF);
    byId("enrol-form").hidden = enabled || !byId("seed").hidden;
    byId("factor-buttons").hidden = !enabled;
    for (const field of document.querySelectorAll("[data-with-factor]")) field.hidden = !enabled;
    for (const hint of document.querySelectorAll("[data-without-factor]")) hint.hidden = enabled;
  }

  async #enrol({ password }) {
    const seed = await session.request("POST", "auth/two-factor/enrol", { password: password.value });
    byId("enrol-form").reset();
    byId("enrol-form").hidden = true;
    byId("qr").replaceChildren(pictureOf(seed.qr_svg));
    setText(byId("secret"), seed.secret);
    byId("seed").hidden = false;
    byId("confirm-otp").focus();
  }

  async #confirm({ otp }) {
    const answer = await session.request("POST", "auth/two-factor/confirm", { otp: otp.value.trim() });
    this.#hideSeed();
    notify("Your second factor is on.");
    await this.#changedTo(answer);
  }

  #ask(way) {
    this.#way = way;
    const form = byId("confirmation-form");
    form.reset();
    form.elements.username.value = session.username;
    clearErrors(form);
    setText(byId("confirmation-title"), way.title);
    setText(byId("confirmation-text"), way.text);
    setText(form.querySelector("[type=submit]"), way.button);
    byId("confirmation").showModal();
    form.elements.password.focus();
  }

  async #change({ password, otp }) {
    const body = { password: password.value, ...given("otp", otp) };
    const answer = await session.request("POST", this.#way.path, body);
    byId("confirmation").close();
    byId("confirmation-form").reset();
    if (this.#way === WAYS.disable) notify("Your second factor is off.");
    await this.#changedTo(answer);
  }

  async #changedTo(answer) {
    this.#hideCodes();
    if (answer) showCodes(answer.recovery_codes);
    await this.load();
    await this.#changed();
  }

  #hideSeed() {
    byId("seed").hidden = true;
    byId("qr").replaceChildren();
    setText(byId("secret"), "");
    byId("confirm-form").reset();
    clearErrors(byId("confirm-form"));
  }

  #hideCodes() {
    byId("codes").hidden = true;
    byId("code-list").replaceChildren();
  }
}

function showCodes(codes) {
  byId("code-list").replaceChildren(...codes.map((code) => make("li", "", code)));
  byId("codes").hidden = false;
  byId("codes").scrollIntoView({ block: "nearest" });
}

function leftText(left) {
  if (left === 0) return "No recovery code is left: make new ones.";
  return left === 1 ? "One recovery code is left." : `${left} recovery codes are left.`;
}

function pictureOf(svg) {
  const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const [width, height] = [picture.getAttribute("width"), picture.getAttribute("height")];
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return document.importNode(picture, true);
}
