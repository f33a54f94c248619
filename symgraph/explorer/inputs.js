// Sliders and typed values of the inputs.

const MOST_ENTRIES = 16;

class Inputs {
  constructor(model, formulas, changed, chosen) {
    Object.assign(this, { model, formulas, changed, chosen });
    this.list = document.getElementById("inputs-list");
    this.build();
  }

  build() {
    this.rows = this.model.program.inputs
      .filter((one) => this.model.inputVertex.has(one.name))
      .map((one, number) => this.row(one, number));
    this.list.replaceChildren(...this.rows.map((row) => row.element));
  }

  row(input, number) {
    const v = this.model.inputVertex.get(input.name);
    const node = this.model.content.nodes[v];
    const row = { input, v, entries: [], chosen: 0, element: html("div", `input ${node.role}`) };
    const name = html("button", "name");
    name.type = "button";
    name.dataset.vertex = v;
    name.setAttribute("aria-label", node.alt);
    name.append(node.reference === null ? node.alt : this.formulas.inline(node.reference));
    row.element.append(this.tick(input, node), name);
    const shape = this.model.shape(v);
    const size = shape.reduce((product, n) => product * n, 1);
    if (size > MOST_ENTRIES || !size) {
      row.text = html("span", "large");
      row.element.append(row.text);
      this.write(row);
      return row;
    }
    row.slider = input.kind === "boolean" ? null : this.slider(row, node);
    const grid = html("div", "entries");
    const columns = shape.length ? Math.min(shape[shape.length - 1], 8) : 1;
    grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    for (let i = 0; i < size; i += 1) {
      const field = this.field(row, i, node, shape, number);
      row.entries.push(field);
      grid.append(field);
    }
    if (shape.length) row.element.classList.add("array");
    if (row.slider) row.element.append(row.slider);
    row.element.append(grid);
    this.write(row);
    if (row.slider) this.widen(row);
    return row;
  }

  /** Whether gradient steps move this input. */
  tick(input, node) {
    if (!this.model.isTrainable(input)) return html("span");
    const made = html("input", "tick");
    made.type = "checkbox";
    made.checked = this.model.trained.has(input.name);
    made.dataset.of = node.alt;
    made.addEventListener("change", () => {
      if (made.checked) this.model.trained.add(input.name);
      else this.model.trained.delete(input.name);
      this.chosen();
    });
    return made;
  }

  slider(row, node) {
    const made = html("input");
    made.type = "range";
    made.setAttribute("aria-label", node.alt);
    made.addEventListener("input", () => this.take(row, row.chosen, Number(made.value)));
    return made;
  }

  field(row, i, node, shape, number) {
    const made = html("input");
    made.id = `input-${number}-${i}`;
    made.setAttribute("aria-label", shape.length ? say("entry", node.alt, place(i, shape)) : node.alt);
    if (row.input.kind === "boolean") {
      made.type = "checkbox";
      made.addEventListener("change", () => this.take(row, i, made.checked ? 1 : 0));
      return made;
    }
    made.type = "text";
    made.inputMode = "decimal";
    made.autocomplete = "off";
    made.addEventListener("focus", () => this.select(row, i));
    made.addEventListener("input", () => this.typed(row, i, made));
    made.addEventListener("blur", () => { made.removeAttribute("aria-invalid"); this.write(row); });
    return made;
  }

  select(row, i) {
    row.chosen = i;
    row.entries.forEach((one, k) => one.classList.toggle("chosen", k === i && row.entries.length > 1));
    this.widen(row);
  }

  typed(row, i, field) {
    const text = field.value.trim().replace("−", "-");
    const number = text === "" ? NaN : Number(text);
    const whole = row.input.kind !== "integer" || Number.isInteger(number);
    const fits = Number.isFinite(number) && whole;
    field.setAttribute("aria-invalid", String(!fits));
    field.title = fits ? "" : say("invalid");
    if (fits) this.take(row, i, number, field);
  }

  take(row, i, number, field = null) {
    const shape = this.model.shape(row.v);
    const before = this.model.f(row.v);
    let value = row.input.kind === "boolean" ? Boolean(number) : number;
    if (shape.length) {
      const data = Float64Array.from(before);
      data[i] = number;
      value = { shape: [...shape], data };
    }
    const refused = this.model.set(row.input.name, value);
    if (refused && field) {
      field.setAttribute("aria-invalid", "true");
      field.title = refused;
    }
    row.typing = field;
    this.changed();
    row.typing = null;
  }

  /** The range of a slider holds the value, with as much room on both sides. */
  widen(row) {
    const value = this.value(row, row.chosen);
    const { slider } = row;
    if (row.input.kind === "integer") {
      slider.min = Math.min(0, value);
      slider.max = Math.max(9, 2 * value);
      slider.step = 1;
    } else {
      const span = Math.max(2, 2 * Math.abs(value), Math.abs(Number(slider.max)) || 0);
      slider.min = -span;
      slider.max = span;
      slider.step = span / 400;
    }
    slider.value = value;
  }

  value(row, i) {
    const found = this.model.f(row.v);
    return Number(typeof found === "number" || typeof found === "boolean" ? found : found[i]);
  }

  write(row) {
    if (row.text) {
      row.text.textContent = brief(this.model.f(row.v), this.model.shape(row.v));
      return;
    }
    row.entries.forEach((field, i) => {
      const value = this.value(row, i);
      if (field.type === "checkbox") field.checked = value !== 0;
      else if (field !== row.typing) field.value = plain(value);
    });
    if (!row.slider) return;
    const value = this.value(row, row.chosen);
    if (value > Number(row.slider.max) || value < Number(row.slider.min)) this.widen(row);
    else row.slider.value = value;
  }

  /** The words of the ticks in the language of the page. */
  speak() {
    for (const one of this.list.querySelectorAll(".tick")) {
      one.title = say("train", one.dataset.of);
      one.setAttribute("aria-label", one.title);
    }
  }

  refresh() { for (const row of this.rows) this.write(row); }
}

/** A number as one types it. */
function plain(x) { return String(Number(x.toPrecision(6))); }
