// Gradient steps, one or many, and the curve of the loss.

const FRAME = 9;
const POINTS = 400;

class Training {
  constructor(model, changed) {
    Object.assign(this, { model, changed });
    const { content } = model;
    this.at = (id) => document.getElementById(id);
    this.rate = content.rate;
    this.data = content.data;
    this.running = false;
    this.losses = [];
    this.start = content.values;
    this.at("once").addEventListener("click", () => this.once());
    this.at("run").addEventListener("click", () => this.toggle());
    this.at("restart").addEventListener("click", () => this.restart());
    this.at("rate").addEventListener("input", (event) => this.setRate(10 ** Number(event.target.value)));
    this.at("rate-typed").addEventListener("input", (event) => {
      const rate = Number(event.target.value);
      if (rate > 0 && Number.isFinite(rate)) this.setRate(rate, event.target);
    });
    this.setRate(this.rate);
    this.tell();
  }

  setRate(rate, typed = null) {
    this.rate = typed ? rate : Number(rate.toPrecision(3));
    if (!typed) this.at("rate-typed").value = String(this.rate);
    this.at("rate").value = String(Math.log10(this.rate));
  }

  get able() { return this.model.trained.size > 0; }

  get samples() { return this.model.content.samples ? this.data[0][1].length : 0; }

  /** The data of the next step, as values by name. */
  batch() {
    if (!this.data) return {};
    if (!this.model.content.samples) return Object.fromEntries(this.data);
    const k = this.losses.length % this.samples;
    return Object.fromEntries(this.data.map(([name, array]) => [name, array[k]]));
  }

  /** One step; answers whether the loss is still a number. */
  step() {
    const { program } = this.model;
    try {
      program.forward(this.batch());
    } catch (error) {
      this.refused = error.message;
      program.forward(Object.fromEntries(this.start));
      return false;
    }
    const loss = this.model.loss();
    if (!Number.isFinite(loss)) return false;
    this.losses.push(loss);
    program.step(this.rate, [...this.model.trained]);
    return true;
  }

  once() {
    if (!this.able) return;
    this.finish(this.step());
  }

  toggle() {
    if (!this.able) return;
    this.running = !this.running;
    this.tell();
    if (this.running) requestAnimationFrame(() => this.frame());
  }

  frame() {
    if (!this.running) return;
    const until = performance.now() + FRAME;
    let good = true;
    while (good && performance.now() < until) good = this.step();
    this.finish(good);
    if (good) requestAnimationFrame(() => this.frame());
  }

  /** Another choice of what is trained. */
  chosen() {
    if (!this.able) this.running = false;
    this.tell();
  }

  finish(good) {
    if (!good) this.running = false;
    this.model.refresh();
    this.changed();
    this.draw();
    this.tell(!good);
  }

  restart() {
    this.running = false;
    this.losses = [];
    this.model.program.forward(Object.fromEntries(this.start));
    this.model.refresh();
    this.changed();
    this.draw();
    this.tell();
  }

  tell(diverged = false) {
    for (const id of ["once", "run", "rate", "rate-typed"]) this.at(id).disabled = !this.able;
    this.at("restart").disabled = !this.able && !this.losses.length;
    const run = this.at("run");
    run.textContent = say(this.running ? "pause" : "run");
    run.setAttribute("aria-pressed", String(this.running));
    let told = say("trainsOn");
    if (this.data) told = this.samples ? say("trainsSamples", this.samples) : say("trainsBatch");
    this.at("training-data").textContent = this.able ? told : say("nothingTrained");
    const state = this.at("training-state");
    if (diverged) state.textContent = this.refused || say("diverged");
    else if (!this.losses.length) state.textContent = "";
    else {
      const last = shown(this.losses[this.losses.length - 1], 6);
      state.textContent = `${say("step", this.losses.length)}, ${say("loss", last)}`;
    }
    state.dataset.steps = String(this.losses.length);
  }

  /** The curve: of many steps the mean of neighbours; of samples the mean over each round. */
  draw() {
    const width = Math.max(this.samples, Math.ceil(this.losses.length / POINTS), 1);
    const points = [];
    for (let i = 0; i < this.losses.length; i += width) {
      const part = this.losses.slice(i, i + width);
      points.push(part.reduce((sum, x) => sum + x, 0) / part.length);
    }
    const top = Math.max(...points, 0);
    const bottom = Math.min(...points, 0);
    const [left, right, high, low] = [46, 312, 10, 108];
    const x = (i) => round(left + ((right - left) * i) / Math.max(1, points.length - 1));
    const y = (value) => round(low - ((low - high) * (value - bottom)) / (top - bottom || 1));
    const parts = [svg("path", { class: "axis", d: `M${left} ${high - 4}V${low}H${right}` })];
    if (points.length) {
      parts.push(
        axisText(left - 5, high + 4, shown(top, 3), "end"), axisText(left - 5, low, shown(bottom, 3), "end"),
        axisText(right, low + 15, String(this.losses.length), "end"), axisText(left, low + 15, "1", "start"),
        svg("path", { class: "loss", d: points.map((p, i) => `${i ? "L" : "M"}${x(i)} ${y(p)}`).join("") }),
        svg("circle", { class: "last", cx: x(points.length - 1), cy: y(points[points.length - 1]), r: 3 }),
      );
    }
    this.at("curve").replaceChildren(...parts);
  }
}

function axisText(x, y, text, anchor) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
