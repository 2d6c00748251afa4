// The REST API: JSON in and out, one error shape, the access token where it is needed.

const BASE = "/api/v1/";
const PATIENCE_MS = 15_000;

/** A refusal of the API, or code NETWORK when no answer came. */
export class ApiError extends Error {
  constructor(status, body, retryAfterSeconds = null) {
    super(body.message);
    this.status = status;
    this.code = body.code;
    this.details = body.details ?? {};
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** True if the command may have taken effect although its answer did not arrive. */
  get outcomeUnknown() {
    return this.code === "NETWORK" || this.status >= 500;
  }
}

/** One request; answers the parsed body (null for none) or throws an ApiError. withCookies: as whoever is signed in at the admin. */
export async function request(method, path, { body, token, withCookies = false } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method, headers, cache: "no-store", credentials: withCookies ? "same-origin" : "omit", signal: AbortSignal.timeout(PATIENCE_MS) };
  if (body !== undefined) options.body = JSON.stringify(body);
  const { response, text } = await answerOf(BASE + path, options);
  const parsed = parse(text);
  if (response.ok) return parsed;
  throw new ApiError(response.status, errorBody(parsed, response), Number(response.headers.get("Retry-After")) || null);
}

async function answerOf(address, options) {
  try {
    const response = await fetch(address, options);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new ApiError(0, { code: "NETWORK", message: String(cause) });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// A proxy in front may answer with a page of its own.
function errorBody(parsed, response) {
  if (parsed?.code) return parsed;
  const code = response.status >= 500 ? "UNAVAILABLE" : "BAD_REQUEST";
  return { code, message: `The exchange answered ${response.status}.` };
}

/** Public data. */
export const publicGet = (path) => request("GET", path);
