// The page of key figures: one section at a time, refreshed while somebody looks.

import { ApiError, request } from "./api.js";
import { byId, setText, whileVisible } from "./dom.js";
import { SecurityView, SystemView, TradingView } from "./kpi_views.js";
import { session } from "./session.js";
import { startSignIn } from "./sign_in.js";
import { startTheme } from "./theme.js";

const EVERY_MS = 5000;
const OLD_AFTER_MS = 30_000;

const views = { system: new SystemView(), trading: new TradingView(), security: new SecurityView() };
const tabs = [...document.querySelectorAll("[data-section]")];
const windows = [...document.querySelectorAll("[data-window]")];
const asked = { section: "system", window: "1h" };
// Whoever was refused is asked about again when something has changed, and not every few seconds.
let isRefused = false;

/** As whoever is signed in on this page, or else with the cookie of the admin. */
function get(path) {
  return session.signedIn ? session.request("GET", path) : request("GET", path, { withCookies: true });
}

function changed() {
  isRefused = false;
  refresh();
}

async function refresh() {
  if (isRefused) return;
  const { section, window: name } = asked;
  try {
    const told = await get(`kpi/${section}?window=${name}`);
    if (section !== asked.section || name !== asked.window) return;
    views[section].show(told);
    refused("");
    tellAge(told);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.status === 403) refused(error.status);
    else if (error.status === 429) state("stale", "offline", "Asked too often, trying again");
    else state("stale", "offline", "No answer, trying again");
  }
}

function tellAge({ as_of: asOf, end }) {
  if (asOf === null) state("stale", "offline", "Never counted: is a worker running?");
  else if (end - asOf > OLD_AFTER_MS) state("stale", "offline", `Counted ${Math.round((end - asOf) / 1000)} s ago: is a worker running?`);
  else state("live", "live", "Live");
}

function state(page, dot, text) {
  byId("main").dataset.state = page;
  byId("kpi-state").dataset.state = dot;
  setText(byId("kpi-state"), text);
}

function refused(status) {
  isRefused = Boolean(status);
  byId("kpi-body").hidden = Boolean(status);
  byId("kpi-refused").hidden = !status;
  if (!status) return;
  setText(byId("kpi-refused"), session.signedIn ? "These figures are for staff." : "These figures are for staff. Sign in to see them.");
  state("refused", "connecting", status === 401 ? "Not signed in" : "Not for you");
}

function choose(changes) {
  Object.assign(asked, changes);
  showChoice();
  changed();
}

function showChoice() {
  for (const tab of tabs) {
    const isChosen = tab.dataset.section === asked.section;
    tab.ariaSelected = String(isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.dataset.section).hidden = !isChosen;
  }
  for (const button of windows) button.ariaPressed = String(button.dataset.window === asked.window);
  history.replaceState(null, "", `#${asked.section}-${asked.window}`);
}

function startChoices() {
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose({ section: tab.dataset.section }));
    tab.addEventListener("keydown", walk);
  }
  for (const button of windows) button.addEventListener("click", () => choose({ window: button.dataset.window }));
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

// "#trading-24h", so that a reload stays where it was.
function fromAddress() {
  const [section, name] = location.hash.slice(1).split("-");
  return {
    ...(section in views ? { section } : {}),
    ...(windows.some((button) => button.dataset.window === name) ? { window: name } : {}),
  };
}

startTheme();
startSignIn();
startChoices();
Object.assign(asked, fromAddress());
showChoice();
session.addEventListener("change", changed);
document.addEventListener("visibilitychange", () => (isRefused = false)); // somebody may have come from the admin
whileVisible(EVERY_MS, refresh);
