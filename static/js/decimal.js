// Exact decimal numbers for the page: prices, quantities, sums and estimates never pass through a float.

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

const power = (decimals) => 10n ** BigInt(decimals);

/** An immutable number: units / 10^scale. */
export class Decimal {
  constructor(units, scale) {
    this.units = units;
    this.scale = scale;
  }

  /** From plain notation such as "0.5"; throws RangeError for anything else. */
  static parse(text) {
    if (typeof text !== "string" || !NUMBER.test(text)) throw new RangeError(`not a decimal: ${text}`);
    const point = text.indexOf(".");
    if (point < 0) return new Decimal(BigInt(text), 0);
    return new Decimal(BigInt(text.replace(".", "")), text.length - point - 1);
  }

  plus(other) {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.at(scale) + other.at(scale), scale);
  }

  minus(other) {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.at(scale) - other.at(scale), scale);
  }

  times(other) {
    return new Decimal(this.units * other.units, this.scale + other.scale);
  }

  /** The quotient of two non-negative numbers, rounded down to that many decimals. */
  dividedBy(other, decimals) {
    const shift = decimals + other.scale - this.scale;
    const [top, bottom] = shift >= 0 ? [this.units * power(shift), other.units] : [this.units, other.units * power(-shift)];
    return new Decimal(top / bottom, decimals);
  }

  /** -1, 0 or 1. */
  compare(other) {
    const scale = Math.max(this.scale, other.scale);
    const [mine, theirs] = [this.at(scale), other.at(scale)];
    return mine < theirs ? -1 : Number(mine > theirs);
  }

  sign() {
    return this.units < 0n ? -1 : Number(this.units > 0n);
  }

  /** Whether this is a whole number of steps (of a tick, of a lot). */
  isMultipleOf(step) {
    const scale = Math.max(this.scale, step.scale);
    return this.at(scale) % step.at(scale) === 0n;
  }

  /** The greatest whole number of steps not above this non-negative number. */
  floorTo(step) {
    const scale = Math.max(this.scale, step.scale);
    const [mine, size] = [this.at(scale), step.at(scale)];
    return new Decimal(mine - (mine % size), scale);
  }

  /** Rounded up to that many decimals (a fee is never rounded in the payer's favour); non-negative numbers. */
  ceil(decimals) {
    if (this.scale <= decimals) return this;
    const unit = power(this.scale - decimals);
    return new Decimal((this.units + unit - 1n) / unit, decimals);
  }

  /** Plain notation without trailing zeros, as the API writes numbers. */
  toString() {
    const text = this.toFixed(this.scale);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  /** Exactly that many decimals, halves rounded away from zero: for reading only. */
  toFixed(decimals) {
    const negative = this.units < 0n;
    const digits = this.rounded(decimals).toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    const text = decimals > 0 ? `${whole}.${digits.slice(-decimals)}` : whole;
    return negative && /[1-9]/.test(text) ? `-${text}` : text;
  }

  /** A float, for lengths in pixels and nothing else. */
  toPixels() {
    return Number(this.toFixed(12));
  }

  rounded(decimals) {
    const size = this.units < 0n ? -this.units : this.units;
    if (decimals >= this.scale) return size * power(decimals - this.scale);
    const unit = power(this.scale - decimals);
    return (size + unit / 2n) / unit;
  }

  at(scale) {
    return this.units * power(scale - this.scale);
  }
}

export const ZERO = new Decimal(0n, 0);

/** How many decimals a step such as "0.01" has. */
export function decimalsOf(step) {
  const text = step.toString();
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}
