// What the emitted functions call. It stands on the language alone.

function fail(text) {
  throw new Error(text);
}

// --- numbers, as NumPy computes them ------------------------------------------------------------

function power(a, b) {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return Math.pow(a, b);
}

function remainder(a, b) {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 === b < 0 || rest !== rest ? rest : rest + b;
}

function floorDivide(a, b) {
  if (b === 0) return a / b;
  const rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && rest < 0 !== b < 0) quotient -= 1;
  if (quotient === 0) return a / b < 0 ? -0 : 0;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

function wholeRemainder(a, b) {
  return b === 0 ? 0 : remainder(a, b) + 0;
}

function wholeFloorDivide(a, b) {
  return b === 0 ? 0 : Math.floor(a / b) + 0;
}

// --- positions ----------------------------------------------------------------------------------

function shapeText(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

function lookup(index, size, place) {
  if (!(index >= 0 && index < size)) {
    fail(`lookup: index ${index} at position ${shapeText(place)} is outside 0..${size - 1}. ` +
      "Give indices from 0 up to the size of the axis minus one.");
  }
  return index;
}

function checkPosition(place, size) {
  if (!(place >= 0 && place < size)) {
    fail(`slice: position ${place} is outside 0..${size - 1}. ` +
      "Give data with more entries along the axis, or an index inside of it.");
  }
}

function checkEntries(count, operation) {
  if (count === 0) {
    fail(`${operation}: the axes hold no entries, so there is no winner. Give at least one.`);
  }
}

// --- matrices: Gaussian elimination with row exchanges ------------------------------------------

// Splits the n by n matrix at `start` of `a` into triangular factors, in place; `order` tells which
// row went where. Returns the sign of the exchanges, 0 for a singular matrix.
function split(a, start, n, order) {
  let sign = 1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(a[start + i * n + k]) > Math.abs(a[start + best * n + k])) best = i;
    }
    order[k] = best;
    if (best !== k) {
      sign = -sign;
      for (let j = 0; j < n; j++) {
        const kept = a[start + k * n + j];
        a[start + k * n + j] = a[start + best * n + j];
        a[start + best * n + j] = kept;
      }
    }
    const pivot = a[start + k * n + k];
    if (pivot === 0) return 0;
    for (let i = k + 1; i < n; i++) {
      const factor = a[start + i * n + k] /= pivot;
      for (let j = k + 1; j < n; j++) a[start + i * n + j] -= factor * a[start + k * n + j];
    }
  }
  return sign;
}

// y = b solved in place for the n by `columns` matrix at `at` of `y`.
function substitute(a, start, n, order, y, at, columns) {
  for (let c = 0; c < columns; c++) {
    for (let k = 0; k < n; k++) {
      const there = at + order[k] * columns + c, here = at + k * columns + c;
      const moved = y[there];
      y[there] = y[here];
      y[here] = moved;
    }
    for (let i = 0; i < n; i++) {
      let value = y[at + i * columns + c];
      for (let j = 0; j < i; j++) value -= a[start + i * n + j] * y[at + j * columns + c];
      y[at + i * columns + c] = value;
    }
    for (let i = n - 1; i >= 0; i--) {
      let value = y[at + i * columns + c];
      for (let j = i + 1; j < n; j++) value -= a[start + i * n + j] * y[at + j * columns + c];
      y[at + i * columns + c] = value / a[start + i * n + i];
    }
  }
}

function solve(out, a, b, count, n, columns) {
  const factors = a.slice(), order = new Int32Array(n);
  out.set(b);
  for (let k = 0; k < count; k++) {
    if (n > 0 && split(factors, k * n * n, n, order) === 0) {
      fail("solve: a matrix that must be inverted is singular. " +
        "Look at the data, or add a multiple of the identity to it.");
    }
    substitute(factors, k * n * n, n, order, out, k * n * columns, columns);
  }
}

function invert(out, a, count, n) {
  const unit = new Float64Array(count * n * n);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < n; i++) unit[k * n * n + i * n + i] = 1;
  }
  solve(out, a, unit, count, n, n);
}

function determinants(out, a, count, n) {
  const factors = a.slice(), order = new Int32Array(n);
  for (let k = 0; k < count; k++) {
    let value = split(factors, k * n * n, n, order);
    for (let i = 0; value !== 0 && i < n; i++) value *= factors[k * n * n + i * n + i];
    out[k] = value;
  }
}

function logDeterminants(out, a, count, n) {
  const factors = a.slice(), order = new Int32Array(n);
  for (let k = 0; k < count; k++) {
    const sign = split(factors, k * n * n, n, order);
    let value = sign === 0 ? -Infinity : 0;
    for (let i = 0; sign !== 0 && i < n; i++) {
      value += Math.log(Math.abs(factors[k * n * n + i * n + i]));
    }
    out[k] = value;
  }
}

// --- random numbers by counter ------------------------------------------------------------------

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const words = new Uint32Array(2);

// Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011); the result lies in `words`.
function threefry(k0, k1, c0, c1) {
  const keys = [k0 >>> 0, k1 >>> 0, (k0 ^ k1 ^ 0x1BD11BDA) >>> 0];
  let x0 = (c0 + keys[0]) >>> 0, x1 = (c1 + keys[1]) >>> 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const turn = ROTATIONS[(group % 2) * 4 + round];
      x0 = (x0 + x1) >>> 0;
      x1 = ((x1 << turn) | (x1 >>> (32 - turn))) >>> 0;
      x1 = (x1 ^ x0) >>> 0;
    }
    x0 = (x0 + keys[(group + 1) % 3]) >>> 0;
    x1 = (x1 + keys[(group + 2) % 3] + group + 1) >>> 0;
  }
  words[0] = x0;
  words[1] = x1;
}

function draw(out, key, low, high, first, number) {
  threefry(key % 4294967296, Math.floor(key / 4294967296), low, high);
  const k0 = words[0], k1 = words[1];
  for (let i = 0; i < out.length; i++) {
    const place = first + i;
    threefry(k0, k1, place % 4294967296, Math.floor(place / 4294967296));
    out[i] = number(words[0], words[1]);
  }
}

function bits(out, key, low, high, first = 0) {
  draw(out, key, low, high, first, (a) => a);
}

function uniform(out, key, low, high, first = 0) {
  draw(out, key, low, high, first, (a, b) => (a * 2097152 + (b >>> 11)) * Math.pow(2, -53));
}

function normal(out, key, low, high, first = 0) {
  const scale = Math.pow(2, -32);
  draw(out, key, low, high, first, (a, b) =>
    Math.sqrt(-2 * Math.log((a + 0.5) * scale)) * Math.cos(2 * Math.PI * (b * scale)));
}
