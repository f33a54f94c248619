// Paths of the derivative from the root to a value: counted exactly, found largest first.

const BATCH = 50;
const CANDIDATES = 200;

class Heap {
  constructor() { this.list = []; }
  get size() { return this.list.length; }

  static before(a, b) { return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]); }

  push(entry) {
    const { list } = this;
    let i = list.length;
    list.push(entry);
    while (i) {
      const up = (i - 1) >> 1;
      if (!Heap.before(entry, list[up])) break;
      list[i] = list[up];
      i = up;
    }
    list[i] = entry;
  }

  pop() {
    const { list } = this;
    const top = list[0];
    const last = list.pop();
    if (!list.length) return top;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= list.length) break;
      if (down + 1 < list.length && Heap.before(list[down + 1], list[down])) down += 1;
      if (!Heap.before(list[down], last)) break;
      list[i] = list[down];
      i = down;
    }
    list[i] = last;
    return top;
  }
}

class PathSearch {
  constructor(model, leaf) {
    this.model = model;
    this.leaf = leaf;
    this.root = model.content.root;
    this.ways = this.countWays();
    this.count = this.ways[this.root];
    this.found = [];
    this.waiting = [];
    this.walk = this.ordered();
  }

  /** For each value the number of ways from it down to the leaf. */
  countWays() {
    const ways = this.model.content.nodes.map(() => 0n);
    ways[this.leaf] = 1n;
    for (let v = this.leaf + 1; v < ways.length; v += 1) {
      for (const e of this.model.below[v]) ways[v] += ways[this.model.content.edges[e][1]];
    }
    return ways;
  }

  /** The edges on any path. */
  edges() {
    const { content, below } = this.model;
    const found = [];
    const seen = new Uint8Array(content.nodes.length);
    const stack = this.ways[this.root] ? [this.root] : [];
    while (stack.length) {
      const head = stack.pop();
      if (seen[head] || head === this.leaf) continue;
      seen[head] = 1;
      for (const e of below[head]) {
        const tail = content.edges[e][1];
        if (this.ways[tail]) {
          found.push(e);
          stack.push(tail);
        }
      }
    }
    return found;
  }

  /**
   * The paths by descending product of the weights of their edges. Best-first search in which the
   * best completion of every beginning is known beforehand (Hart, Nilsson and Raphael 1968); among
   * equals the newest goes on, so that a graph full of equal paths is walked in depth.
   */
  * ordered() {
    const { content, below, program } = this.model;
    const size = new Map();
    const best = content.nodes.map(() => null);
    best[this.leaf] = 0;
    for (let v = this.leaf + 1; v < best.length; v += 1) {
      if (!this.ways[v]) continue;
      for (const e of below[v]) {
        const end = best[content.edges[e][1]];
        if (end === null) continue;
        const weight = Math.min(Math.abs(program.weight(e)), Number.MAX_VALUE);
        size.set(e, Math.log(weight));
        if (best[v] === null || size.get(e) + end > best[v]) best[v] = size.get(e) + end;
      }
    }
    if (best[this.root] === null) return;
    const heap = new Heap();
    let ticket = 0;
    heap.push([0, ticket, 0, this.root, null]);
    while (heap.size) {
      const [, , product, vertex, trail] = heap.pop();
      if (vertex === this.leaf) {
        yield unrolled(trail);
        continue;
      }
      const onward = below[vertex];
      for (let j = onward.length - 1; j >= 0; j -= 1) {
        const tail = content.edges[onward[j]][1];
        if (best[tail] === null) continue;
        const soFar = product + size.get(onward[j]);
        // What rounding separates counts as equal; of products that are 0 the order is free.
        const whole = -soFar - best[tail];
        const estimate = Number.isFinite(whole) ? Math.round(whole * 1e6) / 1e6 : Infinity;
        ticket -= 1;
        heap.push([estimate, ticket, soFar, tail, [onward[j], trail]]);
      }
    }
  }

  /** Some paths more, each {edges, value, size}. */
  more(limit = BATCH) {
    const batch = [];
    while (batch.length < limit) {
      if (!this.waiting.length && !this.refill(limit - batch.length)) break;
      batch.push(this.waiting.shift());
    }
    this.found.push(...batch);
    return batch;
  }

  /** Through arrays the order of the search is an estimate: then many are sorted by true size. */
  refill(limit) {
    const first = [];
    while (first.length < limit) {
      const { value, done } = this.walk.next();
      if (done) break;
      first.push(this.measured(value));
    }
    if (!first.every((path) => path.numbers)) {
      while (first.length < CANDIDATES) {
        const { value, done } = this.walk.next();
        if (done) break;
        first.push(this.measured(value));
      }
      first.sort((a, b) => b.size - a.size);
    }
    this.waiting = first;
    return first.length > 0;
  }

  measured(edges) {
    const { content, program } = this.model;
    const value = edges.length ? program.along(edges) : 1;
    const size = typeof value === "number" ? Math.abs(value) : norm(value);
    const numbers = edges.every((e) => (
      !content.nodes[content.edges[e][0]].axes && !content.nodes[content.edges[e][1]].axes
      && content.nodes[content.edges[e][1]].role !== "loop"));
    return { edges, value, size, numbers };
  }

  /** The gradient less all paths found so far. */
  rest() {
    const whole = this.model.program.g(this.leaf);
    if (typeof whole === "number") {
      // Added up first: one by one small paths would vanish beside a large sum.
      return whole - this.found.reduce((sum, path) => sum + path.value, 0);
    }
    const sum = new Float64Array(whole.length);
    for (const path of this.found) path.value.forEach((x, i) => { sum[i] += x; });
    return whole.map((x, i) => x - sum[i]);
  }
}

function unrolled(trail) {
  const edges = [];
  for (let one = trail; one; [, one] = one) edges.push(one[0]);
  return edges.reverse();
}
