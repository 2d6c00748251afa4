// What stands in each section of the page of key figures.

import { byId, make, setText } from "./dom.js";
import { grouped, MISSING, shortened } from "./format.js";
import { bps, count, milliseconds, percent, share, short } from "./kpi_numbers.js";
import { SeriesChart } from "./series_chart.js";

const LOW_UPTIME = 99.9;

class View {
  constructor(name) {
    this.section = byId(name);
  }

  figure(name, text, note, alarm = false) {
    const element = this.section.querySelector(`[data-figure="${name}"]`);
    setText(element, text);
    element.dataset.alarm = alarm;
    if (note !== undefined) setText(this.section.querySelector(`[data-note="${name}"]`), note);
  }

  chart(name, kind, names, write) {
    return new SeriesChart(this.section.querySelector(`[data-chart="${name}"]`), kind, names, write);
  }

  /** rows: lists of texts; the first of each is what the row is about. */
  rows(name, rows, nothing) {
    const body = this.section.querySelector(`[data-rows="${name}"]`);
    const columns = body.parentElement.querySelectorAll("thead th").length;
    body.replaceChildren(...(rows.length > 0 ? rows.map(rowOf) : [emptyRow(nothing, columns)]));
  }
}

function rowOf([first, ...others]) {
  const head = make("th", "", ...[first].flat());
  head.scope = "row";
  return make("tr", "", head, ...others.map((text) => make("td", "number", text)));
}

function emptyRow(text, columns) {
  const cell = make("td", "empty", text);
  cell.colSpan = columns;
  return make("tr", "", cell);
}

/** Every step of the window, with the values of `read`; where nothing was told, those of `nothing`. */
function everyStep({ start, end, step_seconds: seconds, series }, read, nothing) {
  const told = new Map(series.map((each) => [each.time, each]));
  const points = [];
  for (let time = start; time <= end; time += seconds * 1000) {
    points.push({ time, values: told.has(time) ? read(told.get(time)) : nothing });
  }
  return points;
}

export class SystemView extends View {
  constructor() {
    super("system");
    this.requests = this.chart("requests", "bars", ["Answered", "Refused", "Failed"], short);
    this.latency = this.chart("latency", "lines", ["p50", "p95", "p99"], milliseconds);
  }

  show(told) {
    const { latency_ms: latency, heartbeats } = told;
    const unmeasured = told.unmeasured > 0 ? `${percent(told.unmeasured)} not measured` : `${count(heartbeats.measured)} heartbeats`;
    this.figure("uptime", percent(told.uptime), told.uptime === null ? "no heartbeat yet" : unmeasured, told.uptime !== null && told.uptime < LOW_UPTIME);
    this.figure("requests", count(told.requests), `in ${told.window}`);
    this.figure("p50", milliseconds(latency.p50), latency.mean === null ? "" : `mean ${milliseconds(latency.mean)}`);
    this.figure("p95", milliseconds(latency.p95));
    this.figure("p99", milliseconds(latency.p99), latency.max === null ? "" : `slowest ${milliseconds(latency.max)}`);
    const failed = told.server_error_rate > 0;
    this.figure("errors", share(told.error_rate), `${share(told.server_error_rate)} our own`, failed);
    this.#charts(told);
    this.#tables(told);
  }

  #charts(told) {
    const answered = (step) => step.requests - step.client_errors - step.server_errors;
    const requests = (step) => [answered(step), step.client_errors, step.server_errors];
    this.requests.show(everyStep(told, requests, [0, 0, 0]));
    const latency = ({ latency_ms: { p50, p95, p99 } }) => [p50, p95, p99];
    this.latency.show(everyStep(told, latency, [null, null, null]));
  }

  #tables({ endpoints, by_code: codes }) {
    const row = (each) => [
      [make("span", "muted", each.method), each.endpoint], count(each.requests), count(each.client_errors),
      count(each.server_errors), milliseconds(each.latency_ms), milliseconds(each.slowest_ms),
    ];
    this.rows("endpoints", endpoints.map(row), "No request in this window.");
    this.rows("codes", codes.map((each) => [each.code, count(each.requests)]), "Nothing was refused.");
  }
}

export class TradingView extends View {
  constructor() {
    super("trading");
    this.orders = this.chart("orders", "lines", ["Orders", "Trades"], short);
    this.volume = this.chart("volume", "bars", ["Volume"], short);
  }

  show(told) {
    const ended = told.filled + told.cancelled + told.expired;
    const largest = largestOf(told.quote_volumes);
    this.figure("orders", count(told.orders), `${count(told.cancelled)} cancelled, ${count(told.expired)} expired`);
    this.figure("trades", count(told.trades));
    this.figure("volume", largest ? shortened(largest.amount) : MISSING, largest ? volumesText(told.quote_volumes, largest) : "");
    this.figure("fill_ratio", share(told.fill_ratio), ended > 0 ? `${count(told.filled)} of ${count(ended)} that ended` : "no order ended");
    this.figure("active_users", count(told.active_users));
    const { begun, by_kind: kinds } = told.liquidations;
    this.figure("liquidations", count(begun), kinds.map(({ kind, steps }) => `${kind.replace("_", " ")} ${steps}`).join(", "), begun > 0);
    const counted = everyStep(told, (step) => [step.orders, step.trades], [0, 0]);
    counted.at(-1).values = [null, null]; // the step under way would look like a fall
    this.orders.show(counted);
    this.#volume(told, largest?.asset);
    this.rows("markets", told.markets.map(marketRow), "There is no market.");
  }

  #volume(told, asset) {
    setText(this.section.querySelector('[data-figure="volume_asset"]'), asset ? `in ${asset}` : "");
    const amount = (step) => [Number(step.quote_volumes.find((each) => each.asset === asset)?.amount ?? 0)];
    this.volume.show(everyStep(told, amount, [0]));
  }
}

function largestOf(volumes) {
  return volumes.reduce((one, other) => (one && Number(one.amount) >= Number(other.amount) ? one : other), null);
}

function volumesText(volumes, largest) {
  const others = volumes.filter((each) => each !== largest);
  return [largest.asset, ...others.map((each) => `${shortened(each.amount)} ${each.asset}`)].join(", ");
}

function marketRow(market) {
  const { spread } = market;
  const spreadText = spread ? `${grouped(spread.last)} (${bps(spread.last_bps)})` : MISSING;
  return [
    market.symbol, count(market.orders), count(market.trades), shortened(market.volume),
    `${shortened(market.quote_volume)} ${market.quote}`, share(market.fill_ratio), spreadText,
    spread ? bps(spread.average_bps) : MISSING, market.open_interest === null ? MISSING : shortened(market.open_interest),
  ];
}

export class SecurityView extends View {
  constructor() {
    super("security");
    this.refusals = this.chart("refusals", "bars", ["Refused sign-ins", "Limit hits"], short);
  }

  show(told) {
    this.figure("failed_log_ins", count(told.failed_log_ins.total));
    this.figure("refused_signatures", count(told.refused_signatures.total));
    this.figure("refused_tokens", count(told.refused_tokens));
    this.figure("limit_hits", count(told.limit_hits.total));
    this.figure("suspended_users", count(told.suspended_users));
    this.figure("sessions", count(told.sessions));
    this.refusals.show(everyStep(told, (step) => [step.auth_failures, step.limit_hits], [0, 0]));
    const reasons = [...told.failed_log_ins.by_reason, ...told.refused_signatures.by_reason];
    if (told.refused_tokens > 0) reasons.push({ reason: "token", count: told.refused_tokens });
    this.rows("reasons", reasons.map((each) => [each.reason, count(each.count)]), "Nobody was refused.");
    this.rows("scopes", told.limit_hits.by_scope.map((each) => [each.scope, count(each.count)]), "No limit was reached.");
    const keys = told.api_keys ? [...told.api_keys.by_scope, { scope: "all keys", count: told.api_keys.total }] : [];
    this.rows("keys", keys.map((each) => [each.scope, count(each.count)]), "Not looked at yet.");
  }
}
