// Paths in the graph of a script: counted exactly, listed largest product first.

function sizeOf(x) {
  return typeof x === "number" ? Math.abs(x) : Math.sqrt(x.reduce((sum, y) => sum + y * y, 0));
}

// x + factor * y, for numbers and for arrays.
function plus(x, y, factor) {
  return typeof x === "number" ? x + factor * y : x.map((one, i) => one + factor * y[i]);
}

// A heap of tuples, the one with the smallest first and second parts on top.
function heap() {
  const items = [];
  const before = (a, b) => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

  function push(item) {
    let k = items.length;
    items.push(item);
    for (; k > 0 && before(item, items[(k - 1) >> 1]); k = (k - 1) >> 1) {
      items[k] = items[(k - 1) >> 1];
    }
    items[k] = item;
  }

  function pop() {
    const top = items[0], last = items.pop();
    if (items.length === 0) return top;
    let k = 0;
    for (let next = 1; next < items.length; next = 2 * k + 1) {
      if (next + 1 < items.length && before(items[next + 1], items[next])) next++;
      if (!before(items[next], last)) break;
      items[k] = items[next];
      k = next;
    }
    items[k] = last;
    return top;
  }

  return { push, pop, get size() { return items.length; } };
}

// Through arrays the order of the search is an estimate; so many are compared by their true size.
const CANDIDATES = 200;

function pathsOf(made) {
  const { vertices, edges } = made;
  const links = vertices.map(() => []);
  edges.forEach((edge, e) => {
    if (edge.live) links[edge.head].push(e);
  });

  // How many ways lead from each vertex to the leaf, as whole numbers of any length.
  function ways(leaf) {
    const found = vertices.map(() => BigInt(0));
    found[leaf] = BigInt(1);
    for (let v = leaf + 1; v < found.length; v++) {
      for (const e of links[v]) found[v] += found[edges[e].tail];
    }
    return found;
  }

  // The paths by descending product of the weights of their edges: best-first search in which the
  // best completion of every partial path is known (Hart, Nilsson and Raphael 1968).
  function* ordered(start, leaf) {
    const sizes = new Map(), best = new Map([[leaf, 0]]);
    const logarithm = (x) => x > 0 ? Math.log(Math.min(x, Number.MAX_VALUE)) : -Infinity;
    for (let v = 0; v <= start; v++) {
      if (v === leaf) continue;
      for (const e of links[v]) {
        const end = edges[e].tail;
        if (!best.has(end)) continue;
        sizes.set(e, logarithm(made.weight(e)));
        const onward = sizes.get(e) + best.get(end);
        if (!best.has(v) || onward > best.get(v)) best.set(v, onward);
      }
    }
    if (!best.has(start)) return;
    const waiting = heap();
    let ticket = 0; // among equals the newest goes first: equal paths are walked in depth
    waiting.push([0, ticket--, 0, start, null]);
    while (waiting.size) {
      const [, , product, v, trail] = waiting.pop();
      if (v === leaf) {
        yield unrolled(trail);
        continue;
      }
      for (let k = links[v].length - 1; k >= 0; k--) {
        const e = links[v][k], end = edges[e].tail;
        if (!best.has(end)) continue;
        const sum = product + sizes.get(e);
        const estimate = Math.round((-sum - best.get(end)) * 1e6) / 1e6;
        waiting.push([estimate, ticket--, sum, end, [e, trail]]);
      }
    }
  }

  function unrolled(trail) {
    const path = [];
    for (; trail !== null; trail = trail[1]) path.push(trail[0]);
    return path.reverse();
  }

  // Their products; what neighbours have in common from the start on is computed once.
  function products(paths, start) {
    let before = [], done = [made.seed(start)];
    return paths.map((path) => {
      let same = 0;
      while (same < Math.min(before.length, path.length) && before[same] === path[same]) same++;
      done = done.slice(0, same + 1);
      for (let k = same; k < path.length; k++) {
        done.push(made.pull(path[k], done[k], k > 0 ? path[k - 1] : undefined));
      }
      before = path;
      return done[path.length];
    });
  }

  // What arrives at the leaf by all paths.
  function everything(start, leaf) {
    if (start === made.root || made.g(leaf) === null) return made.g(leaf);
    const arriving = vertices.map(() => []);
    arriving[start].push([undefined, made.seed(start)]);
    for (let v = start; v > leaf; v--) {
      const isLoop = made.f(v) === null;
      const summed = isLoop || arriving[v].length < 2 ? arriving[v] :
        [[undefined, arriving[v].map((one) => one[1]).reduce((x, y) => plus(x, y, 1))]];
      for (const e of links[v]) {
        for (const [before, ct] of summed) {
          arriving[edges[e].tail].push([e, made.pull(e, ct, isLoop ? before : undefined)]);
        }
      }
    }
    const zero = made.seed(leaf);
    return arriving[leaf].reduce((sum, one) => plus(sum, one[1], 1), plus(zero, zero, -1));
  }

  function count(leaf, start = made.root) {
    return ways(leaf)[start].toString();
  }

  const isNumber = (e) => made.shape(edges[e].head).length === 0 &&
    made.shape(edges[e].tail).length === 0 && typeof made.partial(e) === "number";

  // The paths from a vertex to a leaf, found as far as they are asked for: `more` goes on. It holds
  // as long as the inputs keep their values.
  function search(leaf, start = made.root) {
    const number = ways(leaf);
    const walk = ordered(start, leaf);
    const gradient = everything(start, leaf);
    const found = [];
    let waiting = [], taken = 0, exact = true;

    function refill(limit) {
      const candidates = [];
      let numbers = true;
      while (candidates.length < (numbers ? limit : Math.max(CANDIDATES, 4 * limit))) {
        const { value, done } = walk.next();
        if (done) break;
        candidates.push(value);
        numbers = numbers && value.every(isNumber);
      }
      const values = products(candidates, start);
      waiting = candidates.map((path, k) => ({
        edges: path,
        factors: path.every(isNumber) ? path.map((e) => made.partial(e)) : null,
        value: values[k],
      }));
      if (!numbers) waiting.sort((a, b) => sizeOf(b.value) - sizeOf(a.value));
      exact = exact && numbers;
      taken += waiting.length;
    }

    function more(limit) {
      const batch = [];
      while (batch.length < limit) {
        if (!waiting.length) refill(limit - batch.length);
        if (!waiting.length) break;
        batch.push(...waiting.splice(0, limit - batch.length));
      }
      found.push(...batch);
      return batch;
    }

    // Added up first: one by one small paths would vanish beside a large sum.
    function remainder() {
      if (gradient === null) return null;
      const zero = plus(gradient, gradient, -1);
      return plus(gradient, found.reduce((sum, one) => plus(sum, one.value, 1), zero), -1);
    }

    // The edges on any of the paths.
    function covered() {
      const reached = new Set([start]), on = [];
      for (let v = start; v > leaf; v--) {
        for (const e of reached.has(v) ? links[v] : []) {
          if (!number[edges[e].tail]) continue;
          reached.add(edges[e].tail);
          on.push(e);
        }
      }
      return on;
    }

    return {
      leaf, found, gradient, more, remainder, covered, count: number[start].toString(),
      get ordered() { return exact || taken.toString() === number[start].toString(); },
    };
  }

  function paths(leaf, limit = 50, start = made.root) {
    const one = search(leaf, start);
    const shown = one.more(limit);
    const { gradient, ordered: isOrdered } = one;
    return { count: one.count, shown, gradient, remainder: one.remainder(), ordered: isOrdered };
  }

  return { search, paths, count };
}
