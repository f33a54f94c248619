// What a script is to its user: inputs, values and derivatives as far as they are asked for.

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

// The facts of a script in the form that its user sees.
function told(facts) {
  const inputs = facts.inputs.map(([name, shape, kind, role]) => ({ name, shape, kind, role }));
  const vertices = facts.vertices.map(([id, name, shape, kind]) => ({ id, name, shape, kind }));
  const edges = facts.edges.map(([head, tail, operand, live]) =>
    ({ head, tail, operand, live: live === 1 }));
  return { inputs, vertices, edges, root: facts.root };
}

// Tables of places: a number is a place in `s`, an array is memory of its own.
function located(place, s) {
  if (Array.isArray(place)) return place.map((one) => located(one, s));
  return typeof place === "number" ? s.subarray(place, place + 1) : place;
}

// The object that a script evaluates to. `core` has the emitted functions and tables; f, g and the
// rest are computed when they are asked for, as far as they are out of date.
function program(core) {
  const { inputs, vertices, edges, root } = told(core.facts);
  const ways = core.facts.ways;
  const numbers = new Map(inputs.map((input, k) => [input.name, k]));
  const pending = inputs.map(() => null);
  let shapes = null, tables = null, moves = [], done = 0;

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
    else check(shapes, given);
    pending.forEach((one, k) => {
      if (one !== null) tables.inputs[k].set(one.data);
      pending[k] = null;
    });
  }

  let sizes = [];

  function check(wanted, given) {
    inputs.forEach((input, k) => {
      const mine = given[k], other = wanted.inputs[k];
      if (mine.some((n, axis) => n !== other[axis])) {
        fail(`${JSON.stringify(input.name)} has shape ${shapeText(mine)}, beside the other ` +
          `inputs it must have ${shapeText(other)}. Give arrays that agree.`);
      }
    });
  }

  // Memory for other sizes; what was given before and not anew is kept.
  function lay(sized, given) {
    const before = tables;
    core.sized(sized);
    const wanted = core.shapes();
    try {
      check(wanted, given);
    } catch (error) {
      core.sized(sizes);
      throw error;
    }
    if (before !== null) {
      before.inputs.forEach((data, k) => {
        if (pending[k] === null) pending[k] = { shape: given[k], data: data.slice() };
      });
    }
    sizes = sized;
    shapes = wanted;
    core.layout();
    const places = core.tables();
    tables = {};
    for (const title of Object.keys(places)) tables[title] = located(places[title], core.numbers);
    moves = [];
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
    if (way === "same") return sizes.length ? ct.slice() : ct;
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
    let ct = seed(edges[path[0]].head);
    path.forEach((e, k) => {
      ct = pull(e, ct, k > 0 ? path[k - 1] : undefined);
    });
    return ct;
  }

  function seed(v) {
    ready(1);
    return filled(shapes.vertices[v], 1);
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
    const norm = sizeOf(before);
    return norm > 0 ? sizeOf(pull(e, before)) / norm : 1;
  }

  // Some real inputs, else all real parameters, move against their gradients.
  function step(rate, names) {
    const real = (input) => input.kind === "real";
    const chosen = names === undefined
      ? inputs.map((_, k) => k).filter((k) => inputs[k].role === "parameter" && real(inputs[k]))
      : names.map(place);
    for (const k of chosen) {
      if (!real(inputs[k])) fail(`${JSON.stringify(inputs[k].name)} is ${inputs[k].kind}; ` +
        "only real inputs are trained.");
    }
    ready(2);
    // A gradient may lie where an input does: first all of them, then the steps.
    const moved = chosen.filter((k) => (tables.cotangents[core.facts.places[k]] ?? null) !== null);
    for (const k of moved) {
      moves[k] ??= new Float64Array(tables.inputs[k].length);
      moves[k].set(tables.cotangents[core.facts.places[k]]);
    }
    for (const k of moved) {
      const value = tables.inputs[k], move = moves[k];
      for (let i = 0; i < value.length; i++) value[i] -= rate * move[i];
    }
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

  const made = {
    inputs, vertices, edges, root, set, get, forward, backward: () => ready(2), shape, f, g,
    partial, pull, along, weight, step, gradient, seed,
  };
  return Object.freeze({ ...made, ...pathsOf(made) });
}
