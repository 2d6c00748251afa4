// Which refresh tokens this browser has used, for all its tabs: one presented twice ends the session.

const KEY = "bourse.spent";
// More than a token lives through, however often it is refreshed.
const MOST = 500;

/** Does the work when no other tab is at it. Browsers keep locks for https and this machine; elsewhere nobody waits. */
export function inTurn(work) {
  return navigator.locks ? navigator.locks.request("bourse.refresh", work) : work();
}

export function isSpent(refresh) {
  return refresh !== undefined && spent().includes(idOf(refresh));
}

export function noteSpent(refresh) {
  localStorage.setItem(KEY, JSON.stringify([idOf(refresh), ...spent()].slice(0, MOST)));
}

function spent() {
  return JSON.parse(localStorage.getItem(KEY) ?? "[]");
}

// The token's id opens nothing: the token itself does not outlive its tab.
function idOf(refresh) {
  const claims = refresh.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(claims)).jti;
}
