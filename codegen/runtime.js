// What emitted programs call. It stands on the language alone.

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

function draw(out, key, low, high, number) {
  threefry(key % 4294967296, Math.floor(key / 4294967296), low, high);
  const k0 = words[0], k1 = words[1];
  for (let i = 0; i < out.length; i++) {
    threefry(k0, k1, i, 0);
    out[i] = number(words[0], words[1]);
  }
}

function bits(out, key, low, high) {
  draw(out, key, low, high, (a) => a);
}

function uniform(out, key, low, high) {
  draw(out, key, low, high, (a, b) => (a * 2097152 + (b >>> 11)) * Math.pow(2, -53));
}

function normal(out, key, low, high) {
  const scale = Math.pow(2, -32);
  draw(out, key, low, high, (a, b) =>
    Math.sqrt(-2 * Math.log((a + 0.5) * scale)) * Math.cos(2 * Math.PI * (b * scale)));
}

// --- what is given ------------------------------------------------------------------------------

// A value as {shape, data}; `input` says what is wanted, with names where a size is free.
function entered(value, input) {
  const title = JSON.stringify(input.name);
  const found = read(value, input, title);
  const fits = found.shape.length === input.shape.length &&
    found.shape.every((n, k) => typeof input.shape[k] !== "number" || input.shape[k] === n);
  if (!fits) {
    fail(`${title} has shape ${shapeText(found.shape)}, it is declared ` +
      `${shapeText(input.shape)}. Give an array of that shape.`);
  }
  const count = found.shape.reduce((a, b) => a * b, 1);
  if (found.data.length !== count) {
    fail(`${title}: ${found.data.length} entries are no array of shape ` +
      `${shapeText(found.shape)}. Give ${count}.`);
  }
  return { shape: found.shape, data: Float64Array.from(found.data, (x) => number(x, input, title)) };
}

function number(x, input, title) {
  const value = typeof x === "boolean" ? Number(x) : x;
  if (typeof value !== "number") fail(`${title} holds ${typeof x}. Give numbers.`);
  if (input.kind === "integer" && !Number.isInteger(value)) {
    fail(`${title} holds ${value}, it is declared integer. Give whole numbers.`);
  }
  if (input.kind === "boolean" && value !== 0 && value !== 1) {
    fail(`${title} holds ${value}, it is declared boolean. Give true and false.`);
  }
  return value;
}

function read(value, input, title) {
  if (typeof value === "number" || typeof value === "boolean") return { shape: [], data: [value] };
  if (ArrayBuffer.isView(value)) {
    if (input.shape.length === 1) return { shape: [value.length], data: value };
    if (input.shape.every((n) => typeof n === "number")) return { shape: input.shape, data: value };
    fail(`${title}: a flat array does not tell its shape. Give {shape, data}.`);
  }
  if (Array.isArray(value)) return nested(value, title);
  if (value !== null && typeof value === "object" && value.shape && value.data) {
    return { shape: Array.from(value.shape), data: value.data };
  }
  return fail(`${title} is ${value === null ? "null" : typeof value}. Give a number or an array.`);
}

function nested(value, title) {
  const shape = [];
  let level = [value];
  while (level.length && Array.isArray(level[0])) {
    const n = level[0].length;
    if (!level.every((row) => Array.isArray(row) && row.length === n)) {
      fail(`${title}: its rows differ in length. Give rows of one length.`);
    }
    shape.push(n);
    level = level.flat();
  }
  return { shape, data: level };
}

// --- the program --------------------------------------------------------------------------------

const STAGES = ["values", "cotangents", "partials", "common"];

// The object that a script evaluates to. `core` has the emitted functions and tables; f, g and the
// rest are computed when they are asked for, as far as they are out of date.
function program(core) {
  const { inputs, vertices, edges, root, ways } = core.facts;
  const numbers = new Map(inputs.map((input, k) => [input.name, k]));
  const pending = inputs.map(() => null);
  let shapes = null, tables = null, moves = null, done = 0;

  function place(name) {
    const k = numbers.get(name);
    if (k === undefined) {
      fail(`there is no input ${JSON.stringify(name)}; the inputs are ` +
        `${inputs.map((input) => JSON.stringify(input.name)).join(", ")}.`);
    }
    return k;
  }

  function set(name, value) {
    const k = place(name);
    done = 0;
    if (typeof value === "number" && inputs[k].kind === "real" && inputs[k].shape.length === 0 &&
        tables !== null && pending[k] === null) {
      tables.inputs[k][0] = value;
    } else {
      pending[k] = entered(value, inputs[k]);
    }
  }

  function arrange() {
    const missing = inputs.filter((_, k) => pending[k] === null && tables === null);
    if (missing.length) {
      fail(`no value was given for ${missing.map((x) => JSON.stringify(x.name)).join(", ")}.`);
    }
    const given = pending.map((one, k) => one === null ? shapes.inputs[k] : one.shape);
    const sized = core.facts.sizes.map(([k, axis]) => given[k][axis]);
    if (tables === null || sized.some((n, j) => n !== sizes[j])) lay(sized, given);
    pending.forEach((one, k) => {
      if (one !== null) tables.inputs[k].set(one.data);
      pending[k] = null;
    });
  }

  let sizes = [];

  // Memory for other sizes; what was given before and not anew is kept.
  function lay(sized, given) {
    const before = tables;
    core.sized(sized);
    const wanted = core.shapes();
    inputs.forEach((input, k) => {
      if (shapeText(wanted.inputs[k]) !== shapeText(given[k])) {
        core.sized(sizes);
        fail(`${JSON.stringify(input.name)} has shape ${shapeText(given[k])}, beside the other ` +
          `inputs it must have ${shapeText(wanted.inputs[k])}. Give arrays that agree.`);
      }
    });
    if (before !== null) {
      before.inputs.forEach((data, k) => {
        if (pending[k] === null) pending[k] = { shape: given[k], data: data.slice() };
      });
    }
    sizes = sized;
    shapes = wanted;
    core.layout();
    tables = core.tables();
    moves = tables.gradients.map((gradient) => new Float64Array(gradient.length));
  }

  // Everything up to a stage.
  function ready(stage) {
    if (done === 0 && (tables === null || pending.some((one) => one !== null))) arrange();
    for (; done < stage; done++) core[STAGES[done]]();
  }

  function forward(values) {
    if (values !== undefined) {
      const pairs = values instanceof Map ? values : Object.entries(values);
      for (const [name, value] of pairs) set(name, value);
    }
    done = 0;
    ready(1);
    return f(root);
  }

  function shape(v) {
    ready(1);
    return shapes.vertices[v];
  }

  function shown(data, sizes) {
    return data === null ? null : sizes.length ? data : data[0];
  }

  function f(v) {
    ready(1);
    return shown(tables.values[v], shapes.vertices[v]);
  }

  function g(v) {
    ready(2);
    return shown(tables.cotangents[v], shapes.vertices[v]);
  }

  function partial(e) {
    ready(3);
    return shown(tables.partials[e], shapes.vertices[edges[e].tail]);
  }

  // All entries alike, in the form of a value of this shape.
  function filled(sizes, value) {
    return sizes.length ? new Float64Array(sizes.reduce((a, b) => a * b, 1)).fill(value) : value;
  }

  function pull(e, ct, before) {
    ready(1);
    const edge = edges[e], sizes = shapes.vertices[edge.tail], way = ways[e];
    if (way === "same") return sizes.length || edges.length === 0 ? ct.slice() : ct;
    if (way === "partial") return scaled(ct, partial(e));
    const from = before === undefined ? -1 : edges[before].head;
    const found = way === null ? undefined : way.find((one) => one[0] === -1 || one[0] === from);
    if (found === undefined) return filled(sizes, 0);
    ready(4);
    const [, number, result] = found;
    if (typeof ct === "number") tables.arriving[number][0] = ct;
    else tables.arriving[number].set(ct);
    core.handings[number]();
    const data = tables.handed[number][result];
    return sizes.length ? data.slice() : data[0];
  }

  function scaled(ct, slope) {
    return typeof slope === "number" ? ct * slope : slope.map((x) => ct * x);
  }

  function along(path) {
    if (path.length === 0) return 1;
    ready(1);
    let ct = filled(shapes.vertices[edges[path[0]].head], 1);
    path.forEach((e, k) => {
      ct = pull(e, ct, k > 0 ? path[k - 1] : undefined);
    });
    return ct;
  }

  function size(x) {
    return typeof x === "number" ? Math.abs(x) : Math.sqrt(x.reduce((sum, y) => sum + y * y, 0));
  }

  function weight(e) {
    const { head, tail } = edges[e];
    if (!edges[e].live) return 0;
    ready(3);
    const slope = shown(tables.partials[e], shapes.vertices[tail]);
    if (typeof slope === "number") return Math.abs(slope);
    if (ways[e] === "same" || tables.values[head] === null) return 1;
    const before = g(head);
    if (before === null) return 0;
    const norm = size(before);
    return norm > 0 ? size(pull(e, before)) / norm : 1;
  }

  function step(rate) {
    ready(2);
    core.facts.steps.forEach((k, j) => moves[j].set(tables.gradients[j]));
    core.facts.steps.forEach((k, j) => {
      const value = tables.inputs[k], move = moves[j];
      for (let i = 0; i < value.length; i++) value[i] -= rate * move[i];
    });
    done = 0;
  }

  function get(name) {
    const k = place(name);
    if (pending[k] !== null) arrange();
    if (tables === null) return null;
    return shown(tables.inputs[k], inputs[k].shape);
  }

  function gradient(name) {
    const v = core.facts.places[place(name)];
    return v === null ? null : g(v);
  }

  return Object.freeze({
    inputs, vertices, edges, root, set, get, forward, backward: () => ready(2), shape, f, g,
    partial, pull, along, weight, step, gradient,
  });
}
