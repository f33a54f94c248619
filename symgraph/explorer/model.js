// The program of the page with the graph it belongs to: what flows, and along which edges.

class Model {
  constructor(content, program) {
    this.content = content;
    this.program = program;
    const { nodes, edges } = content;
    /** Live edges by head, all edges by head and by tail. */
    this.below = nodes.map(() => []);
    this.operands = nodes.map(() => []);
    this.users = nodes.map(() => []);
    edges.forEach(([head, tail, , , , live], e) => {
      this.operands[head].push(e);
      this.users[tail].push(e);
      if (live) this.below[head].push(e);
    });
    this.moduleOf = nodes.map(() => -1);
    content.modules.forEach((module, number) => {
      this.moduleOf[module.head] = number;
      for (const v of module.inside) this.moduleOf[v] = number;
    });
    this.throughLoop = new Map(content.loops.map(([h, t, box]) => [`${h},${t}`, box]));
    /** Products of whole paths as formulas, by their edges. */
    this.productOf = new Map(content.products.map(([edges, box]) => [edges.join(), box]));
    /** The names of the inputs that gradient steps move. */
    this.trained = new Set(program.inputs
      .filter((one) => one.role === "parameter" && one.kind === "real").map((one) => one.name));
    this.inputVertex = new Map();
    program.vertices.forEach((vertex, v) => {
      if (!this.operands[v].length) this.inputVertex.set(vertex.name, v);
    });
    program.forward(Object.fromEntries(content.values));
    program.backward();
  }

  /** A new value of an input; everything follows. What cannot be computed is told, not taken. */
  set(name, value) {
    const v = this.inputVertex.get(name);
    const shape = [...this.shape(v)];
    const f = this.f(v);
    const before = shape.length ? { shape, data: Float64Array.from(f) } : f;
    try {
      this.program.set(name, value);
      this.refresh();
      return "";
    } catch (error) {
      this.program.set(name, before);
      this.refresh();
      return error.message;
    }
  }

  refresh() {
    this.program.forward();
    this.program.backward();
  }

  /** Whether steps can move an input: a real one that no data fill. */
  isTrainable({ name, kind }) {
    const { data } = this.content;
    return kind === "real" && !(data && data.some(([filled]) => filled === name));
  }

  f(v) { return this.program.f(v); }
  g(v) { return this.content.nodes[v].role === "constant" ? null : this.program.g(v); }
  shape(v) { return this.program.shape(v); }
  isNumber(v) { return this.content.nodes[v].axes === 0 && this.content.nodes[v].role !== "loop"; }

  /** The label of an edge as a number, where both its ends are numbers; else null. */
  slope(e) {
    const [head, tail, , label] = this.content.edges[e];
    if (label < 0 || !this.isNumber(head) || !this.isNumber(tail)) return null;
    const found = this.program.partial(e);
    return typeof found === "number" ? found : null;
  }

  /** What a closed module hands on to one operand, along all ways within it. */
  moduleSlope(module, operand) {
    const { head, inside } = this.content.modules[module];
    if (!this.isNumber(head) || !this.isNumber(operand)) return null;
    const within = new Set([head, ...inside]);
    const order = [...within].sort((a, b) => b - a);
    const flow = new Map([[head, 1]]);
    for (const v of order) {
      for (const e of this.below[v]) {
        const tail = this.content.edges[e][1];
        if (!flow.has(v) || (tail !== operand && !within.has(tail))) continue;
        const part = this.program.pull(e, flow.get(v), null);
        flow.set(tail, this.sum(flow.get(tail), part));
      }
    }
    const found = flow.get(operand);
    return typeof found === "number" ? found : 0;
  }

  sum(a, b) {
    if (a === undefined) return b;
    return typeof a === "number" ? a + b : a.map((x, i) => x + b[i]);
  }

  loss() { return Number(this.program.f(this.content.root)); }
}
