// The two passes one value at a time: forward from the leaves, backward from the root.

class Steps {
  constructor(model, canvas) {
    this.model = model;
    this.canvas = canvas;
    this.place = null;
    canvas.hidden = (v) => this.hides(v);
    this.arrange();
  }

  /** What is computed, in order: open modules value by value, closed ones at once. */
  arrange() {
    const { nodes, root } = this.model.content;
    const items = this.canvas.view.items.filter((item) => item.kind !== "constant");
    const vertices = [...new Set(items.map((item) => item.vertex))];
    const computed = vertices
      .filter((v) => this.model.operands[v].length && nodes[v].role !== "loop");
    this.forward = computed.sort((a, b) => a - b);
    const slopes = vertices.filter((v) => this.model.g(v) !== null);
    this.backward = slopes.sort((a, b) => (a === root ? -1 : b === root ? 1 : b - a));
    this.forwardAt = new Map(this.forward.map((v, k) => [v, k]));
    this.backwardAt = new Map(this.backward.map((v, k) => [v, k]));
    if (this.place !== null) this.place = Math.min(this.place, this.total);
  }

  get total() { return this.forward.length + this.backward.length; }

  /** Whether [forward, backward] value of a vertex is not there yet. */
  hides(v) {
    if (this.place === null) return [false, false];
    const forward = this.forwardAt.get(v);
    const backward = this.backwardAt.get(v);
    return [
      forward !== undefined && forward >= this.place,
      backward === undefined || this.forward.length + backward >= this.place,
    ];
  }

  move(by) {
    const last = this.total;
    if (this.place === null) this.place = by > 0 ? 0 : last - 1;
    else this.place = Math.max(0, Math.min(last, this.place + by));
  }

  showAll() { this.place = null; }

  /** What was computed last: {vertex, backward}, or null. */
  current() {
    if (this.place === null || this.place === 0) return null;
    const k = this.place - 1;
    if (k < this.forward.length) return { vertex: this.forward[k], backward: false };
    return { vertex: this.backward[k - this.forward.length], backward: true };
  }

  where() {
    if (this.place === null) return say("everything");
    if (this.place === 0) return say("start");
    const n = this.forward.length;
    if (this.place <= n) return say("forwardStep", this.place, n);
    return say("backwardStep", this.place - n, this.backward.length);
  }
}
