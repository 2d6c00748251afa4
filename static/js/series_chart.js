// A small chart of what happened step by step, in SVG: stacked bars for counts, lines for values.

import { make, oncePerFrame, setText } from "./dom.js";
import { isLabelled, labelStep, niceStep, timeLabel } from "./chart_axis.js";
import { clockTime, MISSING } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 200;
const AXIS = { left: 48, bottom: 20, top: 8 };
const LABEL_APART = 84;
const LINES_APART = 46;

/** One per frame. `kind`: "bars" or "lines"; `names`: of the series; `write`: a value for people. */
export class SeriesChart {
  #svg = draw("svg", { role: "img" });
  #legend = make("p", "legend");
  #values = [];
  #points = [];
  #pointed = null;
  #when = make("span", "when");

  constructor(frame, kind, names, write) {
    this.kind = kind;
    this.names = names;
    this.write = write;
    frame.append(this.#legend, this.#svg);
    this.#values = names.map((name, index) => this.#entry(name, index));
    this.#legend.append(this.#when);
    this.draw = oncePerFrame(() => this.#draw());
    new ResizeObserver(this.draw).observe(frame);
    this.#svg.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    this.#svg.addEventListener("pointerleave", () => this.#point(null));
  }

  /** points: [{ time, values: [number or null] }], one per step and without a gap. */
  show(points) {
    this.#points = points;
    this.draw();
  }

  #entry(name, index) {
    const value = make("b");
    const swatch = make("i", `series-${index}`);
    this.#legend.append(make("span", "", swatch, `${name} `, value));
    return value;
  }

  #point(x) {
    this.#pointed = x;
    this.draw();
  }

  #draw() {
    const width = this.#svg.clientWidth;
    if (width < AXIS.left + 40 || this.#points.length === 0) return;
    const plot = this.#plot(width);
    const pointed = this.#pointedAt(plot);
    const marks = this.kind === "bars" ? this.#bars(plot) : this.#lines(plot);
    const shade = pointed === null ? [] : [this.#shade(plot, pointed)];
    this.#svg.replaceChildren(...this.#grid(plot), ...shade, ...marks, ...this.#times(plot));
    this.#tell(pointed);
  }

  #plot(width) {
    const height = HEIGHT - AXIS.bottom - AXIS.top;
    const slot = (width - AXIS.left) / this.#points.length;
    const step = niceStep(Math.max(this.#highest(), 1e-9) / Math.max(2, Math.floor(height / LINES_APART)));
    const top = step * Math.max(1, Math.ceil(this.#highest() / step));
    const y = (value) => AXIS.top + height * (1 - value / top);
    return { width, height, slot, step, top, y, x: (index) => AXIS.left + index * slot };
  }

  #highest() {
    const total = (values) => (this.kind === "bars" ? values.reduce((sum, each) => sum + each, 0) : Math.max(...values));
    const highest = Math.max(...this.#points.map((point) => total(point.values.map((value) => value ?? 0))));
    return highest > 0 ? highest : 1;
  }

  #pointedAt({ slot }) {
    if (this.#pointed === null || this.#pointed < AXIS.left) return null;
    return Math.min(this.#points.length - 1, Math.floor((this.#pointed - AXIS.left) / slot));
  }

  #grid({ width, step, top, y }) {
    const found = [];
    for (let value = 0; value <= top * 1.0001; value += step) {
      found.push(draw("line", { class: "rule", x1: AXIS.left, x2: width, y1: y(value), y2: y(value) }));
      found.push(label(AXIS.left - 8, y(value) + 4, "end", this.write(value)));
    }
    return found;
  }

  // At round times, as many as there is room for.
  #times({ width, slot, x }) {
    const step = labelStep(this.#points, LABEL_APART / slot);
    const found = [];
    let last = -LABEL_APART;
    this.#points.forEach(({ time }, index) => {
      const middle = x(index) + slot / 2;
      const fits = middle - last >= LABEL_APART * 0.7 && middle < width - 16;
      if (!isLabelled(time, step) || !fits) return;
      last = middle;
      found.push(label(middle, HEIGHT - 4, "middle", timeLabel(time, step)));
    });
    return found;
  }

  #shade({ slot, x, height }, index) {
    return draw("rect", { class: "pointed", x: x(index), y: AXIS.top, width: slot, height });
  }

  #bars({ slot, x, y }) {
    const gap = slot > 4 ? 1 : 0;
    return this.#points.flatMap(({ values }, index) => {
      let below = 0;
      return values.flatMap((value, series) => {
        const [from, to] = [below, (below += value ?? 0)];
        if (to === from) return [];
        const place = { x: x(index), y: y(to), width: Math.max(slot - gap, 0.5), height: Math.max(y(from) - y(to), 0.5) };
        return [draw("rect", { class: `bar series-${series}`, ...place })];
      });
    });
  }

  // A step without a value breaks the line; one that stands alone is a dot.
  #lines({ slot, x, y }) {
    const middle = (index) => x(index) + slot / 2;
    return this.names.flatMap((_, series) => {
      const runs = runsOf(this.#points.map((point) => point.values[series]));
      return runs.map((run) => {
        if (run.length === 1) {
          return draw("circle", { class: `series-${series}`, cx: middle(run[0].index), cy: y(run[0].value), r: 2.2 });
        }
        const path = run.map(({ index, value }) => `${middle(index).toFixed(1)} ${y(value).toFixed(1)}`).join(" L ");
        return draw("path", { class: `series-${series}`, d: `M ${path}` });
      });
    });
  }

  // What is pointed at, or else the newest step that is whole.
  #tell(pointed) {
    const index = pointed ?? Math.max(0, this.#points.length - 2);
    const point = this.#points[index];
    this.#values.forEach((element, series) => setText(element, this.#text(point.values[series])));
    const said = this.names.map((name, series) => `${name} ${this.#text(point.values[series])}`).join(", ");
    this.#svg.setAttribute("aria-label", `${clockTime(point.time)}: ${said}`);
    setText(this.#when, `at ${clockTime(point.time)}`);
  }

  #text(value) {
    return value === null || value === undefined ? MISSING : this.write(value);
  }
}

function runsOf(values) {
  const runs = [];
  values.forEach((value, index) => {
    if (value === null || value === undefined) return;
    if (runs.at(-1)?.at(-1)?.index === index - 1) runs.at(-1).push({ index, value });
    else runs.push([{ index, value }]);
  });
  return runs;
}

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function label(x, y, anchor, text) {
  const element = draw("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}
