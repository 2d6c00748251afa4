// Signing in, registering and signing out.

import { ApiError } from "./api.js";
import { byId, setText } from "./dom.js";
import { clearErrors, showErrors } from "./field_errors.js";
import { byField, plainText } from "./messages.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

const DEMO_PASSWORD = "demo-pass-1";
const WORDS = {
  enter: { title: "Sign in", question: "New here?", other: "Create an account", password: "current-password" },
  join: { title: "Create an account", question: "Have an account?", other: "Sign in", password: "new-password" },
};

let joining = false;

/** Wire the dialog and the corner of the top bar. */
export function startSignIn() {
  const form = byId("sign-in-form");
  byId("sign-in").addEventListener("click", openSignIn);
  byId("sign-out").addEventListener("click", () => session.signOut());
  form.addEventListener("submit", submit);
  form.querySelector("[data-close]").addEventListener("click", () => byId("sign-in-dialog").close());
  form.querySelector("[data-switch]").addEventListener("click", () => become(!joining));
  for (const chip of form.querySelectorAll("[data-demo-login]")) {
    chip.addEventListener("click", () => enterDemo(form, chip.dataset.demoLogin));
  }
  session.addEventListener("change", ({ detail }) => changed(detail.reason));
  showWho();
}

export function openSignIn() {
  become(false);
  byId("sign-in-dialog").showModal();
}

function become(join) {
  joining = join;
  const words = WORDS[join ? "join" : "enter"];
  const form = byId("sign-in-form");
  clearErrors(form);
  setText(byId("sign-in-title"), words.title);
  setText(form.querySelector("[type=submit]"), words.title);
  setText(form.querySelector("[data-switch-text]"), words.question);
  setText(form.querySelector("[data-switch]"), words.other);
  form.querySelector('[data-field="email"]').hidden = !join;
  askForCode(form, false);
  form.elements.password.autocomplete = words.password;
}

const asksForCode = (form) => !form.querySelector('[data-field="otp"]').hidden;

/** Only who has a second factor, and has given the right password, meets the field. */
function askForCode(form, wanted) {
  clearErrors(form);
  form.querySelector('[data-field="otp"]').hidden = !wanted;
  form.elements.otp.value = "";
  if (wanted) form.elements.otp.focus();
}

function enterDemo(form, username) {
  become(false);
  form.elements.username.value = username;
  form.elements.password.value = DEMO_PASSWORD;
  form.requestSubmit();
}

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const missing = emptyFields(form);
  if (Object.keys(missing).length > 0) return showErrors(form, missing);
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    await enter(form);
    byId("sign-in-dialog").close();
    form.reset();
    askForCode(form, false);
    clearErrors(form);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "TWO_FACTOR_REQUIRED" && !asksForCode(form)) askForCode(form, true);
    else showErrors(form, byField(error));
  } finally {
    button.disabled = false;
  }
}

function enter(form) {
  const { username, email, password, otp } = form.elements;
  const name = username.value.trim();
  if (joining) return session.register(name, email.value.trim(), password.value);
  return session.signIn(name, password.value, otp.value.trim());
}

function emptyFields(form) {
  const errors = {};
  const needed = { username: "Enter your user name.", password: "Enter your password." };
  if (joining) needed.email = "Enter your e-mail address.";
  for (const [name, text] of Object.entries(needed)) {
    if (form.elements[name].value.trim() === "") errors[name] = text;
  }
  return errors;
}

function changed(reason) {
  showWho();
  if (reason) notify(plainText({ code: reason === "ACCOUNT_SUSPENDED" ? reason : "INVALID_TOKEN", details: {} }), "error");
  else notify(session.signedIn ? `Signed in as ${session.username}.` : "Signed out.");
}

function showWho() {
  byId("sign-in").hidden = session.signedIn;
  byId("signed-in").hidden = !session.signedIn;
  byId("security-link").hidden = !session.signedIn;
  byId("kpi-link").hidden = !session.isStaff;
  setText(byId("username"), session.username ?? "");
}
