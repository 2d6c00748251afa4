// The security page: second factor, password, sessions and API keys of who is signed in.

import { ApiError } from "./api.js";
import { byId } from "./dom.js";
import { plainText } from "./messages.js";
import { notify } from "./notices.js";
import { KeyList } from "./security_keys.js";
import { startPassword } from "./security_password.js";
import { SecondFactor } from "./security_factor.js";
import { SessionList } from "./security_sessions.js";
import { session } from "./session.js";
import { openSignIn, startSignIn } from "./sign_in.js";
import { startTheme } from "./theme.js";

const sessions = new SessionList();
const keys = new KeyList(() => sessions.load());
// Turning it off revokes keys that may withdraw.
const factor = new SecondFactor(() => keys.load());

async function show() {
  byId("signed-out").hidden = session.signedIn;
  byId("guards").hidden = !session.signedIn;
  for (const field of document.querySelectorAll('main [name="username"], #confirmation [name="username"]')) {
    field.value = session.username ?? "";
  }
  if (!session.signedIn) return forget();
  try {
    await Promise.all([factor.load(), sessions.load(), keys.load()]);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (session.signedIn) notify(plainText(error), "error");
  }
}

// What was shown to one person is not there for the next.
function forget() {
  for (const part of [factor, sessions, keys]) part.clear();
  for (const form of document.querySelectorAll("main form")) form.reset();
}

async function copy({ target }) {
  const source = target.closest("[data-copy]")?.dataset.copy;
  if (!source) return;
  const parts = [...byId(source).children];
  const text = parts.length > 0 ? parts.map((part) => part.textContent).join("\n") : byId(source).textContent;
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied.");
  } catch {
    notify("Your browser does not let the page copy. Select the text instead.", "error");
  }
}

startTheme();
startSignIn();
startPassword(() => sessions.load());
byId("sign-in-here").addEventListener("click", openSignIn);
byId("main").addEventListener("click", copy);
session.addEventListener("change", show);
show();
