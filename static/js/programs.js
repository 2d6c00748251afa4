// What a program calls itself, in words for people.

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]];

/** "Firefox on Linux" for a session of the API; what is not known, as it calls itself. */
export function programOf({ kind, api_key: key, user_agent: agent }) {
  const browser = named(BROWSERS, agent);
  const system = named(SYSTEMS, agent);
  const program = browser && system ? `${browser} on ${system}` : agent || "A program without a name";
  return kind === "browser" ? `${program} (admin)` : key === null ? program : `${program} (API key ${key})`;
}

function named(names, agent) {
  return names.find(([mark]) => agent.includes(mark))?.[1];
}
