// A candle chart on a canvas. Pixels are floats; the figures in the legend come from the exact candles.

import { make, oncePerFrame, setText } from "./dom.js";
import { clockTime, grouped } from "./format.js";
import { isLabelled, labelStep, niceStep, timeLabel } from "./chart_axis.js";

const AXIS_WIDTH = 74;
const AXIS_HEIGHT = 24;
const LEGEND_HEIGHT = 24;
const VOLUME_SHARE = 0.18;
const CANDLE_WIDTH = 7;
const LABEL_WIDTH = 72;
const FONT = "11px system-ui, sans-serif";

export class CandleChart {
  #candles;
  #canvas;
  #legend;
  #pointer = null;
  #colours = {};

  /** candles: a Candles object; priceDecimals: how many the market's tick has. */
  constructor(frame, candles, priceDecimals) {
    this.#candles = candles;
    this.priceDecimals = priceDecimals;
    this.#canvas = make("canvas", "chart-canvas");
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#legend = make("p", "chart-legend");
    frame.append(this.#legend, this.#canvas);
    this.draw = oncePerFrame(() => this.#draw());
    this.#watch(frame);
  }

  /** Read the colours from the style sheet again. */
  recolour() {
    const style = getComputedStyle(this.#canvas);
    for (const name of ["buy", "sell", "line", "muted", "text", "panel", "accent"]) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this.draw();
  }

  #watch(frame) {
    this.#candles.addEventListener("change", this.draw);
    new ResizeObserver(this.draw).observe(frame);
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event.offsetX, event.offsetY));
    this.#canvas.addEventListener("pointerleave", () => this.#point(null));
    this.recolour();
  }

  #point(x, y) {
    this.#pointer = x === null ? null : { x, y };
    this.draw();
  }

  #draw() {
    const plot = this.#plot();
    if (!plot) return this.#describe(null);
    this.#grid(plot);
    plot.candles.forEach((candle, index) => this.#candle(plot, candle, index));
    this.#lastPrice(plot);
    const pointed = this.#pointer ? this.#crosshair(plot) : null;
    return this.#describe(pointed ?? plot.candles.at(-1));
  }

  // Sizes and scales of this frame; null while there is nothing to draw.
  #plot() {
    const canvas = this.#canvas;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    const area = { width: width - AXIS_WIDTH, height: height - AXIS_HEIGHT };
    const candles = this.#candles.list.slice(-Math.floor(area.width / CANDLE_WIDTH));
    if (candles.length === 0 || area.width < 40 || area.height < 40) return null;
    return { context, area, candles, ...this.#scales(candles, area) };
  }

  #scales(candles, area) {
    const high = Math.max(...candles.map((candle) => candle.high.toPixels()));
    const low = Math.min(...candles.map((candle) => candle.low.toPixels()));
    const most = Math.max(...candles.map((candle) => candle.volume.toPixels())) || 1;
    const span = high - low || high * 0.001 || 1;
    const [top, bottom] = [high + span * 0.05, low - span * 0.06];
    const priceHeight = area.height * (1 - VOLUME_SHARE) - LEGEND_HEIGHT;
    const offset = area.width - candles.length * CANDLE_WIDTH;
    return {
      top,
      bottom,
      priceHeight,
      x: (index) => offset + (index + 0.5) * CANDLE_WIDTH,
      y: (price) => LEGEND_HEIGHT + ((top - price) / (top - bottom)) * priceHeight,
      priceAt: (y) => top - ((y - LEGEND_HEIGHT) / priceHeight) * (top - bottom),
      volumeHeight: (volume) => (volume / most) * area.height * VOLUME_SHARE * 0.9,
    };
  }

  #grid({ context, area, candles, top, bottom, priceHeight, x, y }) {
    context.strokeStyle = this.#colours.line;
    context.fillStyle = this.#colours.muted;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const step = niceStep((top - bottom) / Math.max(2, priceHeight / 56));
    for (let price = Math.ceil(bottom / step) * step; price < top; price += step) {
      line(context, 0, y(price), area.width, y(price));
      context.fillText(this.#priceText(price), area.width + 8, y(price));
    }
    this.#times({ context, area, candles, x });
  }

  #times({ context, area, candles, x }) {
    context.textAlign = "center";
    const every = labelStep(candles, LABEL_WIDTH / CANDLE_WIDTH);
    candles.forEach(({ time }, index) => {
      if (!isLabelled(time, every) || x(index) < LABEL_WIDTH / 2 || x(index) > area.width - LABEL_WIDTH / 2) return;
      line(context, x(index), LEGEND_HEIGHT, x(index), area.height);
      context.fillText(timeLabel(time, every), x(index), area.height + AXIS_HEIGHT / 2);
    });
  }

  #candle({ context, area, x, y, volumeHeight }, candle, index) {
    const [open, close] = [candle.open.toPixels(), candle.close.toPixels()];
    const [centre, half] = [Math.round(x(index)), (CANDLE_WIDTH - 2) / 2];
    context.fillStyle = close >= open ? this.#colours.buy : this.#colours.sell;
    context.globalAlpha = 0.28;
    const tall = volumeHeight(candle.volume.toPixels());
    context.fillRect(centre - half, area.height - tall, half * 2, tall);
    context.globalAlpha = 1;
    const [from, to] = [y(candle.high.toPixels()), y(candle.low.toPixels())];
    context.fillRect(centre - 0.5, from, 1, to - from);
    const upper = y(Math.max(open, close));
    context.fillRect(centre - half, upper, half * 2, Math.max(1, y(Math.min(open, close)) - upper));
  }

  #lastPrice({ context, area, candles, y }) {
    const { open, close } = candles.at(-1);
    const colour = close.compare(open) >= 0 ? this.#colours.buy : this.#colours.sell;
    context.strokeStyle = colour;
    context.setLineDash([2, 3]);
    line(context, 0, y(close.toPixels()), area.width, y(close.toPixels()));
    context.setLineDash([]);
    this.#tag(context, area.width, y(close.toPixels()), grouped(close, this.priceDecimals), colour);
  }

  // Answers the candle under the pointer.
  #crosshair({ context, area, candles, x, priceAt, priceHeight }) {
    const { x: left, y: height } = this.#pointer;
    const index = Math.round((left - x(0)) / CANDLE_WIDTH);
    if (left > area.width || !candles[index]) return null;
    context.strokeStyle = this.#colours.muted;
    context.setLineDash([4, 4]);
    line(context, x(index), 0, x(index), area.height);
    const onPrices = height > LEGEND_HEIGHT && height < LEGEND_HEIGHT + priceHeight;
    if (onPrices) line(context, 0, height, area.width, height);
    context.setLineDash([]);
    if (onPrices) this.#tag(context, area.width, height, this.#priceText(priceAt(height)), this.#colours.muted);
    return candles[index];
  }

  #tag(context, left, centre, text, colour) {
    context.fillStyle = colour;
    context.fillRect(left + 2, centre - 9, AXIS_WIDTH - 2, 18);
    context.fillStyle = this.#colours.panel;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, left + 8, centre + 0.5);
  }

  #describe(candle) {
    if (!candle) return setText(this.#legend, this.#candles.loaded ? "No trades yet" : "");
    const { time, open, high, low, close, volume } = candle;
    const [o, h, l, c] = [open, high, low, close].map((price) => grouped(price, this.priceDecimals));
    this.#legend.dataset.direction = close.compare(open) >= 0 ? "up" : "down";
    return setText(this.#legend, `${clockTime(time)}  O ${o}  H ${h}  L ${l}  C ${c}  V ${grouped(volume)}`);
  }

  #priceText(price) {
    return grouped(price.toFixed(this.priceDecimals), this.priceDecimals);
  }
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(Math.round(fromX) + 0.5, Math.round(fromY) + 0.5);
  context.lineTo(Math.round(toX) + 0.5, Math.round(toY) + 0.5);
  context.stroke();
}
