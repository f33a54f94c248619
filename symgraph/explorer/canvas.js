// The drawing: shapes, curves, formulas and numbers, made when they come into sight.

const LABEL = 1.15;
const SIGN = 1.6;
const NARROW = 11;
const EDGE_LABEL = 0.92;
const LINE = 17;
const NUMBER_WIDTH = 62;
const CHARACTER = 8.2;
// Smaller than this nothing can be read; of a small graph all is there sooner than it is drawn.
const FAR = 0.42;
const FAR_AMONG_FEW = 0.25;

class Canvas {
  constructor(model, formulas, state) {
    this.model = model;
    this.formulas = formulas;
    this.state = state;
    this.root = document.getElementById("canvas");
    this.layers = Object.fromEntries(
      ["frames", "edges", "nodes", "veil", "front"].map((id) => [id, document.getElementById(id)]));
    this.hidden = () => [false, false];
    this.selected = [];
    this.rooms = new Map();
    this.cramped = false;
  }

  /** Lay out what is to be seen now and draw it. */
  draw() {
    const { content } = this.model;
    this.cramped = false;
    this.view = visibleGraph(content, this.state.closed, this.state.constants);
    this.sizes = this.view.items.map((item) => this.measure(item));
    const links = this.view.links.map((one) => ({ ...one, label: this.labelSize(one) }));
    const placed = layered(this.sizes, links, this.state.across);
    this.at = placed.at;
    this.parts = this.view.items.map((item, i) => this.node(item, i));
    this.lines = this.view.links.map((one, k) => this.edge(one, k, placed));
    this.layers.frames.replaceChildren(
      ...frames(this.model, this.view, this.sizes, this.at, this.lines, this.state.closed));
    this.layers.nodes.replaceChildren(...this.parts.map((part) => part.group));
    this.layers.edges.replaceChildren(...this.lines.map((line) => line.group));
    this.bounds = this.extent();
    const { x, y, width, height } = this.bounds;
    const veil = { x: x - 4000, y: y - 4000, width: width + 8000, height: height + 8000 };
    for (const [key, value] of Object.entries(veil)) this.layers.veil.setAttribute(key, value);
    this.root.classList.toggle("across", this.state.across);
    this.highlight(this.selected);
  }

  // --- sizes -----------------------------------------------------------------------------------

  measure(item) {
    const node = this.model.content.nodes[item.vertex];
    const box = item.kind === "module" ? this.model.content.modules[item.module].label : node.label;
    const isSign = item.kind === "vertex" && this.formulas.width(box) < NARROW
      && this.model.operands[item.vertex].length > 0;
    const large = isSign ? SIGN : LABEL;
    const wide = (this.formulas.width(box) * large) / 2;
    const tall = (this.formulas.tall(box) * large) / 2;
    let form = "box";
    let half = Math.max(18, wide + 10);
    let up = Math.max(17, tall + 7);
    if (item.kind === "constant" || node.role === "constant") {
      form = "bare";
      half = wide + 4;
      up = tall + 3;
    } else if (item.kind === "module") {
      half = Math.max(30, wide + 16);
      up = Math.max(21, tall + 10);
    } else if (node.role === "op" || node.role === "root") {
      form = wide > 25 ? "pill" : "disc";
      if (form === "disc") half = up = Math.max(18, Math.hypot(wide, tall) + 4);
    }
    const room = this.valuesWidth(item, node);
    const lying = this.state.across && room > 0;
    const bottom = (dx) => (form === "disc" ? Math.sqrt(Math.max(0, half * half - dx * dx)) : up);
    if (lying) {
      const side = Math.max(half, room / 2) + 4;
      const down = up + this.lineCount(item, node) * LINE + 6;
      return { box, form, large, half, up, down, tall: up, bottom, left: side, right: side, top: () => up };
    }
    const lines = room ? this.lineCount(item, node) * (LINE / 2) : 0;
    return {
      box, form, large, half, up: Math.max(up, lines), down: Math.max(up, lines), tall: up, bottom,
      left: half + 4, right: half + (room ? 7 + room : 0), top: () => up,
    };
  }

  named(item, node) { return item.kind === "vertex" && node.name !== null && node.reference !== null && this.model.operands[item.vertex].length > 0; }
  lineCount(item, node) { return this.named(item, node) ? 3 : 2; }

  valuesWidth(item, node) {
    if (["constant", "chip"].includes(item.kind) || ["constant", "loop"].includes(node.role)) return 0;
    let wide = this.rooms.get(item.vertex);
    if (wide === undefined) {
      const shape = this.model.shape(item.vertex);
      const values = [this.model.f(item.vertex), this.model.g(item.vertex)];
      const longest = Math.max(...values.map((value) => brief(value, shape).length));
      wide = Math.max(NUMBER_WIDTH, (longest + 1) * CHARACTER);
      this.rooms.set(item.vertex, wide);
    }
    if (this.named(item, node)) wide = Math.max(wide, this.formulas.width(node.name) + 4);
    return wide;
  }

  labelSize(one) {
    if (this.state.labels === "none" || one.label < 0) return null;
    if (this.isNumeric(one)) return [56, 14];
    return [this.formulas.width(one.label) * EDGE_LABEL, this.formulas.tall(one.label) * EDGE_LABEL];
  }

  isNumeric(one) {
    const [head, tail] = [this.view.items[one.head].vertex, this.view.items[one.tail].vertex];
    return this.state.labels === "numeric" && this.model.isNumber(head) && this.model.isNumber(tail);
  }

  extent() {
    let [left, top, right, bottom] = [0, 0, 1, 1];
    this.at.forEach(([x, y], i) => {
      const size = this.sizes[i];
      left = Math.min(left, x - size.left);
      right = Math.max(right, x + size.right);
      top = Math.min(top, y - size.up);
      bottom = Math.max(bottom, y + size.down);
    });
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  // --- nodes -----------------------------------------------------------------------------------

  node(item, i) {
    const node = this.model.content.nodes[item.vertex];
    const size = this.sizes[i];
    const [x, y] = this.at[i];
    const kind = { vertex: node.role, chip: `chip ${node.role}` }[item.kind] || item.kind;
    const group = svg("g", { class: `n ${kind}`, transform: `translate(${round(x)} ${round(y)})` });
    if (size.form === "disc") {
      group.append(svg("circle", { class: "shape", r: round(size.half) }));
    } else {
      const radius = size.form === "pill" ? size.tall : 8;
      group.append(svg("rect", {
        class: "shape", x: round(-size.half), y: round(-size.tall), width: round(2 * size.half),
        height: round(2 * size.tall), rx: round(radius),
      }));
    }
    if (item.kind !== "constant") {
      group.dataset.item = i;
      group.setAttribute("tabindex", "-1");
      group.setAttribute("role", "button");
    }
    return { group, item, detailed: false, fresh: false };
  }

  /** Label, values and button of a node: only once it is seen. */
  detail(part, i) {
    part.detailed = true;
    const node = this.model.content.nodes[part.item.vertex];
    const size = this.sizes[i];
    const label = this.formulas.element(size.box);
    const [width, height, depth] = this.model.content.boxes[size.box];
    const [dx, dy] = [(-width * size.large) / 2, ((height - depth) * size.large) / 2];
    label.setAttribute("transform", `translate(${round(dx)} ${round(dy)}) scale(${size.large})`);
    part.group.append(label);
    if (!this.valuesWidth(part.item, node)) return;
    const lines = this.lineCount(part.item, node);
    const { across } = this.state;
    const base = (k) => round(across ? size.tall + 15 + k * LINE : (k - (lines - 1) / 2) * LINE + 5);
    const x = across ? 0 : round(size.half + 7);
    if (lines === 3) {
      const name = this.formulas.element(node.name);
      const left = across ? -this.formulas.width(node.name) / 2 : x;
      name.setAttribute("transform", `translate(${round(left)} ${base(0) - 2})`);
      name.classList.add("name");
      part.group.append(name);
    }
    part.f = svg("text", { class: "f", x, y: base(lines - 2) });
    part.g = svg("text", { class: "g", x, y: base(lines - 1) });
    part.group.append(part.f, part.g, ...this.badge(part.item, size));
  }

  /** The little button that opens or closes a module. */
  badge(item, size) {
    const isHead = item.kind === "vertex" && this.model.moduleOf[item.vertex] >= 0
      && this.model.content.modules[this.model.moduleOf[item.vertex]].head === item.vertex;
    if (item.kind !== "module" && !isHead) return [];
    const shift = size.form === "disc" ? 0.72 : 1;
    const at = `translate(${round(-size.half * shift)} ${round(-size.tall * shift)})`;
    const group = svg("g", { class: "badge", transform: at });
    group.dataset.module = item.kind === "module" ? item.module : this.model.moduleOf[item.vertex];
    const sign = item.kind === "module" ? "M-4 0h8M0 -4v8" : "M-4 0h8";
    group.append(svg("circle", { r: 7.5 }), svg("path", { d: sign }));
    return [group];
  }

  fill(part, i) {
    if (!part.detailed) this.detail(part, i);
    part.fresh = true;
    if (!part.f) return;
    const v = part.item.vertex;
    const shape = this.model.shape(v);
    const [f, g] = [this.model.f(v), this.model.g(v)];
    const [noForward, noBackward] = this.hidden(v);
    setText(part.f, noForward ? "" : brief(f, shape));
    setText(part.g, noBackward ? "" : brief(g, shape));
    const longest = Math.max(part.f.textContent.length, part.g.textContent.length) * CHARACTER;
    if (longest > this.rooms.get(v) + CHARACTER) {
      this.rooms.set(v, longest + CHARACTER);
      this.cramped = true;
    }
    if (this.small) part.group.setAttribute("aria-label", this.spoken(part));
  }

  spoken(part) {
    const node = this.model.content.nodes[part.item.vertex];
    const module = part.item.kind === "module"
      ? `, ${say("module", this.model.content.modules[part.item.module].inside.length + 1)}` : "";
    const f = part.f && part.f.textContent ? `, f = ${part.f.textContent}` : "";
    const g = part.g && part.g.textContent ? `, g = ${part.g.textContent}` : "";
    return node.alt + module + f + g;
  }

  // --- edges -----------------------------------------------------------------------------------

  edge(one, k, placed) {
    const group = svg("g", { class: "e" });
    group.dataset.link = k;
    group.append(svg("path", { class: "line", d: placed.paths[k].curve }));
    return { group, one, path: placed.paths[k], label: placed.labels[k], detailed: false };
  }

  detailEdge(line) {
    line.detailed = true;
    const [x, y] = line.path.tip;
    const head = this.state.across ? "l-9 -4v8z" : "l-4 9h8z";
    line.group.append(svg("path", { class: "tip", d: `M${round(x)} ${round(y)}${head}` }));
    if (line.label && this.state.labels !== "none" && line.one.label >= 0) {
      const [left, middle] = line.label;
      if (this.isNumeric(line.one)) {
        line.text = svg("text", { class: "label", x: round(left), y: round(middle + 4.5) });
        if (line.label[2]) {
          line.text.setAttribute("x", round(left + this.labelSize(line.one)[0]));
          line.text.setAttribute("text-anchor", "end");
        }
        line.group.append(line.text);
      } else {
        const [, height, depth] = this.model.content.boxes[line.one.label];
        const label = this.formulas.element(line.one.label);
        const dy = middle + ((height - depth) / 2) * EDGE_LABEL;
        label.setAttribute("transform", `translate(${round(left)} ${round(dy)}) scale(${EDGE_LABEL})`);
        label.classList.add("label");
        line.group.append(label);
      }
    }
    if (this.small) line.group.append(svg("path", { class: "hit", d: line.path.curve }));
  }

  linkSlope(one) {
    if (one.edge >= 0) return this.model.slope(one.edge);
    const item = this.view.items[one.head];
    return this.model.moduleSlope(item.module, this.view.items[one.tail].vertex);
  }

  fillEdge(line) {
    if (!line.detailed) this.detailEdge(line);
    line.fresh = true;
    const live = line.one.edges.some((e) => this.model.content.edges[e][5]);
    const slope = line.one.label < 0 ? null : this.linkSlope(line.one);
    line.group.classList.toggle("dead", slope === 0 || (!live && line.one.label < 0));
    if (line.text && slope !== null) setText(line.text, shown(slope));
  }

  // --- what is in sight ------------------------------------------------------------------------

  /** All numbers have changed. */
  stale() {
    for (const part of this.parts) part.fresh = false;
    for (const line of this.lines) line.fresh = false;
  }

  get far() { return this.small ? FAR_AMONG_FEW : FAR; }

  /** Write what is in sight; `sight` is a rectangle, `scale` that of the camera. */
  show(sight, scale) {
    const far = scale < this.far;
    if (far !== this.isFar) {
      this.isFar = far;
      this.root.classList.toggle("far", far);
    }
    if (far) return;
    const near = (i) => {
      const [x, y] = this.at[i];
      return this.small || (x > sight.left && x < sight.right && y > sight.top && y < sight.bottom);
    };
    const within = this.at.map((_, i) => near(i));
    this.parts.forEach((part, i) => { if (!part.fresh && within[i]) this.fill(part, i); });
    for (const line of this.lines) {
      if (!line.fresh && (within[line.one.head] || within[line.one.tail])) this.fillEdge(line);
    }
    this.cloneWithin(within);
    this.updateFront();
  }

  // --- highlighting ----------------------------------------------------------------------------

  /** Bring the links of these edges, with their ends, in front of a veil over all others. */
  highlight(edges) {
    this.selected = edges;
    const wanted = new Set(edges);
    const { front } = this.layers;
    front.replaceChildren();
    this.clones = new Map();
    this.root.classList.toggle("selected", edges.length > 0 || this.state.picked !== null);
    this.frontItems = new Set(this.state.picked === null ? [] : [this.itemAt(this.state.picked)]);
    this.frontLines = this.lines.filter((line) => line.one.edges.some((e) => wanted.has(e)));
    for (const { one } of this.frontLines) this.frontItems.add(one.head).add(one.tail);
    this.marker = svg("g", { class: "marker" });
    // One path for all curves: what hangs on them follows when it is in sight.
    const curves = this.frontLines.map((line) => line.path.curve).join("");
    const line = svg("path", { class: "line", d: curves });
    const group = svg("g", { class: "e all" });
    group.append(line);
    front.append(this.marker, group);
    this.lineFront = svg("g");
    this.nodeFront = svg("g");
    front.append(this.lineFront, this.nodeFront);
  }

  /** The item that shows a vertex: itself, or the closed module it is in. */
  itemAt(v) { return v === null ? -1 : this.view.itemOf[this.view.home[v]]; }

  clone(part, front) {
    const made = part.group.cloneNode(true);
    made.removeAttribute("tabindex");
    made.setAttribute("aria-hidden", "true");
    made.classList.add("on");
    front.append(made);
    this.clones.set(part, made);
    return made;
  }

  /** Bring forward what belongs to the highlighted paths and is in sight. */
  cloneWithin(within) {
    for (const line of this.frontLines) {
      if (line.fresh && !this.clones.has(line)) this.clone(line, this.lineFront);
    }
    const picked = this.itemAt(this.state.picked);
    for (const i of this.frontItems) {
      const part = this.parts[i];
      if (!within[i] || this.clones.has(part)) continue;
      const isPicked = i === picked || part.item.vertex === this.state.picked;
      this.clone(part, this.nodeFront).classList.toggle("picked", isPicked);
    }
  }

  /** Copy what was written since into what stands in front. */
  updateFront() {
    for (const [part, made] of this.clones) {
      if (part.group.classList.contains("e")) {
        made.classList.toggle("dead", part.group.classList.contains("dead"));
      }
      for (const name of ["f", "g", "text"]) {
        const source = part[name];
        if (!source) continue;
        const target = made.querySelector(name === "text" ? "text.label" : `text.${name}`);
        if (target) setText(target, source.textContent);
      }
    }
  }

  /** Underlay one path. */
  emphasise(edges) {
    const wanted = new Set(edges);
    const lines = this.lines.filter((line) => line.one.edges.some((e) => wanted.has(e)));
    this.marker.replaceChildren(...lines.map((line) => svg("path", { d: line.path.curve })));
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function round(x) { return Math.round(x * 10) / 10; }
