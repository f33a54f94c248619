// What is told of the chosen value: formula, numbers, cells, its paths and their sum.

const BATCH = 50;
const LONG_WAY = 12;
const MOST_CELLS_TOLD = 64;
const MOST_CELLS_PAINTED = 65536;
const MOST_TERMS = 8;

class Panel {
  constructor(model, formulas, canvas, state) {
    Object.assign(this, { model, formulas, canvas, state });
    this.search = null;
    this.at = (id) => document.getElementById(id);
    this.at("paths-more").addEventListener("click", () => this.showMore());
    const list = this.at("paths-list");
    for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      list.addEventListener(on, (event) => this.point(event));
      list.addEventListener(off, () => this.canvas.emphasise(this.held || []));
    }
    list.addEventListener("click", (event) => this.hold(event));
  }

  // --- a value ---------------------------------------------------------------------------------

  /** How other formulas call a value. */
  called(v) {
    const node = this.model.content.nodes[v];
    return node.reference === null ? document.createTextNode(node.alt.slice(0, 40))
      : this.formulas.inline(node.reference);
  }

  line(className, ...parts) {
    const made = html("p", className);
    made.append(...parts);
    return made;
  }

  /** name = formula, or the formula alone. */
  definition(v) {
    const node = this.model.content.nodes[v];
    const formula = typeof node.formula === "number" ? this.formulas.inline(node.formula)
      : document.createTextNode(node.formula);
    if (node.reference === null || node.reference === node.formula) {
      return this.line("definition", formula);
    }
    return this.line("definition", this.called(v), " = ", formula);
  }

  /** The operands with the numbers that went in. */
  madeOf(v) {
    const tails = [...new Set(this.model.operands[v].map((e) => this.model.content.edges[e][1]))]
      .filter((tail) => !["constant", "loop"].includes(this.model.content.nodes[tail].role));
    if (!tails.length || tails.length > MOST_TERMS) return null;
    const made = html("p", "operands");
    for (const tail of tails) {
      const pair = html("span", "pair");
      pair.append(this.called(tail), ` = ${brief(this.model.f(tail), this.model.shape(tail))}`);
      made.append(pair);
    }
    return made;
  }

  /** How the gradient comes together: label times gradient over all users, in numbers. */
  arrived(v) {
    const edges = this.model.users[v].filter((e) => this.model.content.edges[e][5]);
    if (v === this.model.content.root || !edges.length || edges.length > MOST_TERMS) return "";
    const terms = edges.map((e) => {
      const slope = this.model.slope(e);
      const g = this.model.g(this.model.content.edges[e][0]);
      return slope === null || typeof g !== "number" ? null : `${factor(slope)} · ${factor(g)}`;
    });
    return terms.includes(null) ? "" : `${terms.join(" + ")} = `;
  }

  showCard(v) {
    this.vertex = v;
    this.at("card").hidden = v === null;
    this.at("start-hint").hidden = v !== null;
    if (v === null) return;
    const node = this.model.content.nodes[v];
    // What has no name of its own is called by its formula, which the definition shows.
    const alone = this.model.operands[v].length > 0 && node.reference === node.formula;
    this.at("card-name").hidden = alone;
    this.at("card-name").replaceChildren(this.called(v));
    this.fillCard();
  }

  fillCard() {
    const v = this.vertex;
    if (v === null || v === undefined) return;
    const body = this.at("card-body");
    const rows = this.model.operands[v].length ? [this.definition(v), this.madeOf(v)] : [];
    const shape = this.model.shape(v);
    const [f, g] = [this.model.f(v), this.model.g(v)];
    const [noForward, noBackward] = this.canvas.hidden(v);
    if (f !== null) rows.push(this.value("f", "value", noForward ? say("notKnown") : brief(f, shape)));
    let slope = g === null ? say("noGradient") : this.arrived(v) + brief(g, shape);
    if (g !== null && noBackward) slope = say("notKnown");
    rows.push(this.value("g", "slope", slope));
    if (shape.length && f !== null && f.length <= MOST_CELLS_PAINTED && !noForward) {
      rows.push(this.cells("f", f, shape));
      if (g !== null && !noBackward) rows.push(this.cells("g", g, shape));
    }
    body.replaceChildren(...rows.filter((row) => row !== null));
  }

  value(className, key, text) {
    return this.line(className, html("span", "what", say(key)), html("b", "", text));
  }

  /** The entries of an array: as a table of few numbers, as coloured cells else. */
  cells(className, values, shape) {
    const columns = shape[shape.length - 1] || 1;
    const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
    const figure = html("figure", `cells ${className}`);
    if (values.length <= MOST_CELLS_TOLD) {
      const grid = html("div", "grid");
      grid.style.gridTemplateColumns = `repeat(${columns}, minmax(4.1em, 1fr))`;
      values.forEach((x, i) => {
        const cell = html("span", x < 0 ? "low" : "high", shown(x, 3));
        cell.style.setProperty("--much", String(Math.abs(x) / largest));
        cell.title = say("cell", place(i, shape), shown(x, 8));
        grid.append(cell);
      });
      figure.append(grid);
    } else {
      figure.append(this.painted(values, columns, largest, shape));
    }
    figure.append(html("figcaption", "", `${className}: ${shape.join("×")}. ${say("heat")}`));
    return figure;
  }

  painted(values, columns, largest, shape) {
    const board = html("canvas");
    const rows = Math.ceil(values.length / columns);
    board.width = columns;
    board.height = rows;
    const context = board.getContext("2d");
    const image = context.createImageData(columns, rows);
    values.forEach((x, i) => {
      const much = Math.min(1, Math.abs(x) / largest);
      const [red, green, blue] = x < 0 ? [0, 89, 179] : [184, 64, 10];
      image.data.set([red, green, blue, 255 * much], 4 * i);
    });
    context.putImageData(image, 0, 0);
    board.addEventListener("pointermove", (event) => {
      const box = board.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      const i = row * columns + column;
      if (i < values.length) board.title = say("cell", place(i, shape), shown(values[i], 8));
    });
    return board;
  }

  // --- paths -----------------------------------------------------------------------------------

  /** The paths of a value from the root; answers the edges on any of them. */
  showPaths(v) {
    this.held = null;
    const { content } = this.model;
    const none = v === null || this.model.g(v) === null || v === content.root;
    this.at("paths").hidden = none;
    this.search = none ? null : this.model.program.search(v);
    if (none) return [];
    this.at("paths-list").replaceChildren();
    this.showMore();
    return this.search.covered();
  }

  /** After the numbers have changed: the same paths may have another order. */
  renew() {
    if (!this.search) return;
    const shownBefore = Math.max(BATCH, this.search.found.length);
    this.search = this.model.program.search(this.search.leaf);
    this.at("paths-list").replaceChildren();
    this.showMore(shownBefore);
  }

  showMore(limit = BATCH) {
    const batch = this.search.more(limit);
    this.at("paths-list").append(...batch.map((path) => this.pathItem(path)));
    this.tellRest();
  }

  tellRest() {
    const { search } = this;
    const { found, leaf } = search;
    const count = BigInt(search.count);
    const told = count === 1n ? say("onePath") : say("manyPaths", grouped(count));
    this.at("paths-count").textContent = count === 0n ? say("noPath") : told;
    const left = count - BigInt(found.length);
    const shape = this.model.shape(leaf);
    const more = this.at("paths-more");
    more.hidden = left <= 0n;
    if (left > 0n) more.textContent = say("more", String(left < BigInt(BATCH) ? left : BATCH));
    const rest = this.at("paths-rest");
    rest.hidden = left <= 0n;
    const remainder = left > 0n ? search.remainder() : 0;
    rest.dataset.value = exact(remainder);
    rest.replaceChildren(say("further", grouped(left)), " ",
      html("b", "", left > 0n ? entries(remainder, shape) : ""));
    const sum = this.at("paths-sum");
    sum.dataset.value = exact(this.model.g(leaf));
    sum.replaceChildren(html("span", "what", say("sum")), "= ",
      html("b", "", entries(this.model.g(leaf), shape)));
  }

  /** The stations of a path with the formula of each step; a loop itself is none. */
  stations(edges) {
    const { content, throughLoop } = this.model;
    const found = [];
    let result = null;
    for (const e of edges) {
      const [head, tail, , , product] = content.edges[e];
      if (content.nodes[tail].role === "loop") {
        result = head;
        continue;
      }
      const through = result === null ? product : throughLoop.get(`${result},${tail}`);
      found.push({ head: result === null ? head : result, tail, edge: e, formula: through });
      result = null;
    }
    return found;
  }

  pathItem(path) {
    const item = html("li");
    const button = html("button", "path");
    button.type = "button";
    button.path = path.edges;
    const all = this.stations(path.edges);
    const long = all.length > LONG_WAY;
    const part = long ? [...all.slice(0, 3), null, ...all.slice(-3)] : all;
    const way = html("span", "way");
    way.append(this.called(this.model.content.root));
    const product = html("span", "product");
    const numbers = [];
    part.forEach((one, k) => {
      if (k) product.append(html("i", "", "·"));
      way.append(html("i", "", "→"));
      if (one === null) {
        way.append("…");
        product.append("…");
        numbers.push("…");
        return;
      }
      way.append(this.called(one.tail));
      const bracketed = this.model.content.edges[one.edge][6];
      if (bracketed) product.append("(");
      product.append(one.formula >= 0 ? this.formulas.inline(one.formula, "d") : "…");
      if (bracketed) product.append(")");
      numbers.push(path.factors && factor(path.factors[path.edges.indexOf(one.edge)]));
    });
    const value = html("span", "result");
    const written = numbers.includes(null) || numbers.length < 2 ? "" : `= ${numbers.join(" · ")} `;
    const shape = this.model.shape(this.search.leaf);
    value.append(written, "= ", html("b", "", entries(path.value, shape)));
    button.dataset.value = exact(path.value);
    button.append(way, product, ...this.multiplied(path), value);
    item.append(button);
    return item;
  }

  /** The product multiplied out, where it has been written down. */
  multiplied(path) {
    const formula = this.model.productOf.get(path.edges.join());
    if (formula === undefined) return [];
    const made = html("span", "product whole", "= ");
    made.append(this.formulas.inline(formula, "d"));
    return [made];
  }

  point(event) {
    const button = event.target.closest(".path");
    if (button) this.canvas.emphasise(button.path);
  }

  /** A clicked path stays marked. */
  hold(event) {
    const button = event.target.closest(".path");
    if (!button) return;
    this.held = this.held === button.path ? null : button.path;
    for (const one of this.at("paths-list").querySelectorAll(".path")) {
      one.setAttribute("aria-pressed", String(one.path === this.held));
    }
    this.canvas.emphasise(this.held || []);
  }
}

/** All digits, for who reads the page by a program. */
function exact(value) {
  return JSON.stringify(typeof value === "number" ? value : Array.from(value));
}

/** A large whole number in groups of three digits. */
function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}
