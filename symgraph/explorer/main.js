// All of it together: one state, one refresh, and what clicks and keys do.

const LABELS = ["symbolic", "numeric", "none"];
const MANY = 150;
const SMALL = 600;
const CALM = 120;
const BEAT = 900;

class Explorer {
  constructor(content, program) {
    this.model = new Model(content, program);
    this.formulas = new Formulas(content);
    const large = content.nodes.length > MANY;
    const start = [...content.modules.keys()].filter((m) => large && content.modules[m].head !== content.root);
    this.state = {
      closed: new Set(start),
      constants: true, across: false, labels: content.labels, picked: null,
    };
    this.plainTheme = content.theme === "dark" ? "light" : content.theme;
    this.theme = content.theme;
    language = content.language;
    this.canvas = new Canvas(this.model, this.formulas, this.state);
    this.canvas.small = content.nodes.length <= SMALL;
    this.at = (id) => document.getElementById(id);
    this.at("title").textContent = this.at("title").title = content.title;
    this.camera = new Camera(this.canvas);
    this.canvas.draw();
    this.steps = new Steps(this.model, this.canvas);
    this.panel = new Panel(this.model, this.formulas, this.canvas, this.state);
    this.training = new Training(this.model, () => this.refresh());
    this.inputs = new Inputs(
      this.model, this.formulas, () => this.refresh(), () => this.training.chosen());
    this.training.draw();
    this.speak();
    this.listen();
    this.camera.fit(true);
    this.camera.lookNow();
    this.focusable(this.canvas.itemAt(content.root));
  }

  // --- refreshing --------------------------------------------------------------------------------

  /** The numbers have changed. */
  refresh() {
    this.canvas.stale();
    this.camera.lookNow();
    this.inputs.refresh();
    this.panel.fillCard();
    clearTimeout(this.calm);
    this.calm = setTimeout(() => this.settle(), CALM);
  }

  /** What takes longer waits until the numbers rest for a moment. */
  settle() {
    if (this.panel.search) this.panel.renew();
    if (this.canvas.cramped) this.redraw();
  }

  /** What is drawn has changed. */
  redraw() {
    this.canvas.draw();
    this.steps.arrange();
    this.tellStep();
    this.camera.lookNow();
    this.focusable(Math.max(0, this.canvas.itemAt(this.model.content.root)));
  }

  /** All words anew. */
  speak() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = this.theme;
    translate(document);
    this.at("language").textContent = say("languageShort");
    this.at("keys-list").replaceChildren(...KEYS.flatMap(([key, word]) => (
      [html("dt", "", key), html("dd", "", say(word))])));
    for (const button of this.at("labels").querySelectorAll("button")) {
      const pressed = button.dataset.labels === this.state.labels;
      button.setAttribute("aria-pressed", String(pressed));
    }
    this.at("arriving").hidden = !this.model.content.maps;
    this.at("modules").hidden = !this.model.content.modules.length;
    this.tellStep();
    this.inputs.speak();
    this.training.tell();
    this.canvas.stale();
    this.camera.look();
    this.panel.fillCard();
    if (this.panel.search) this.panel.renew();
  }

  tellStep() { this.at("where").textContent = this.steps.where(); }

  announce(text) { this.at("said").textContent = text; }

  // --- choosing ----------------------------------------------------------------------------------

  /** Choose a vertex, or none; the same one once more is none. */
  pick(v) {
    const picked = v === this.state.picked ? null : v;
    this.state.picked = picked;
    this.panel.showCard(picked);
    this.canvas.highlight(this.panel.showPaths(picked));
    this.canvas.stale();
    this.camera.lookNow();
    const node = picked === null ? null : this.model.content.nodes[picked];
    this.announce(node ? say("selected", node.alt) : say("unselected"));
    for (const name of this.at("inputs-list").querySelectorAll(".name")) {
      name.setAttribute("aria-pressed", String(Number(name.dataset.vertex) === picked));
    }
  }

  step(by) {
    this.steps.move(by);
    this.afterStep();
  }

  afterStep() {
    this.tellStep();
    this.canvas.root.classList.toggle("stepping", this.steps.place !== null);
    const now = this.steps.current();
    this.canvas.stale();
    if (now) {
      this.state.picked = now.vertex;
      this.panel.showCard(now.vertex);
      this.panel.showPaths(null);
      this.panel.vertex = now.vertex;
      const edges = now.backward ? this.model.users[now.vertex] : this.model.operands[now.vertex];
      this.canvas.highlight(edges);
      this.camera.reveal(this.canvas.at[this.canvas.itemAt(now.vertex)]);
      const node = this.model.content.nodes[now.vertex];
      const value = now.backward ? this.model.g(now.vertex) : this.model.f(now.vertex);
      const text = brief(value, this.model.shape(now.vertex));
      this.announce(`${this.steps.where()}: ${node.alt}, ${now.backward ? "g" : "f"} = ${text}`);
    } else {
      this.state.picked = null;
      this.panel.showCard(null);
      this.canvas.highlight(this.panel.showPaths(null));
    }
    this.camera.lookNow();
  }

  /** One step after another, from where it stands; once more is a pause. */
  play(on = this.playing === undefined) {
    clearInterval(this.playing);
    this.playing = undefined;
    this.at("play").setAttribute("aria-pressed", String(on));
    if (!on) return;
    this.step(1);
    this.playing = setInterval(() => {
      if (this.steps.place === this.steps.total) this.play(false);
      else this.step(1);
    }, BEAT);
  }

  showAll() {
    this.play(false);
    this.steps.showAll();
    this.state.picked = null;
    this.afterStep();
  }

  // --- modules, labels, theme ----------------------------------------------------------------------

  /** Open or close a module; what is under the eye stays where it is. */
  toggle(module) {
    const { closed } = this.state;
    const { head } = this.model.content.modules[module];
    const before = places(this.canvas);
    const [x, y] = this.canvas.at[this.canvas.itemAt(head)];
    if (!closed.delete(module)) closed.add(module);
    this.redraw();
    const i = this.canvas.itemAt(head);
    const after = this.canvas.at[i];
    this.camera.move((x - after[0]) * this.camera.scale, (y - after[1]) * this.camera.scale);
    this.camera.lookNow();
    glide(this.canvas, before, head);
    this.focusable(i);
    const node = this.model.content.nodes[head];
    this.announce(closed.has(module) ? say("closeModule", node.alt) : say("openModule"));
  }

  toggleAll(close) {
    const before = places(this.canvas);
    this.state.closed = new Set(close ? this.model.content.modules.keys() : []);
    this.canvas.state.closed = this.state.closed;
    this.redraw();
    this.camera.fit(true);
    glide(this.canvas, before, this.model.content.root);
  }

  /** The root on top, or on the right. */
  turn() {
    this.state.across = !this.state.across;
    this.at("turn").setAttribute("aria-pressed", String(this.state.across));
    this.redraw();
    this.camera.fit(true);
    this.camera.lookNow();
  }

  setLabels(labels) {
    this.state.labels = labels;
    this.redraw();
    this.speak();
  }

  setTheme() {
    this.theme = this.theme === "dark" ? this.plainTheme : "dark";
    document.documentElement.dataset.theme = this.theme;
  }

  setLanguage() {
    language = language === "en" ? "zh" : "en";
    this.speak();
  }

  // --- events --------------------------------------------------------------------------------------

  listen() {
    const on = (id, work) => this.at(id).addEventListener("click", work);
    on("back", () => this.step(-1));
    on("ahead", () => this.step(1));
    on("play", () => this.play());
    on("whole", () => this.showAll());
    on("collapse", () => this.toggleAll(true));
    on("expand", () => this.toggleAll(false));
    on("in", () => this.camera.zoom(1.25));
    on("out", () => this.camera.zoom(0.8));
    on("fit", () => this.camera.fit());
    on("turn", () => this.turn());
    on("theme", () => this.setTheme());
    on("language", () => this.setLanguage());
    on("help", () => this.at("keys").showModal());
    on("labels", (event) => {
      const { labels } = event.target.dataset;
      if (labels) this.setLabels(labels);
    });
    on("inputs-list", (event) => {
      const name = event.target.closest(".name");
      if (name) this.pick(Number(name.dataset.vertex));
    });
    this.canvas.root.addEventListener("click", (event) => this.click(event));
    this.canvas.root.addEventListener("dblclick", (event) => this.doubleClick(event));
    this.canvas.root.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.root.addEventListener("pointerleave", () => { this.at("tip").hidden = true; });
    this.canvas.root.addEventListener("focusin", (event) => this.focused(event));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  itemOf(event) {
    const group = event.target.closest("[data-item]");
    return group ? Number(group.dataset.item) : -1;
  }

  click(event) {
    if (this.camera.dragged) return;
    const badge = event.target.closest("[data-module]");
    if (badge) {
      this.toggle(Number(badge.dataset.module));
      return;
    }
    const i = this.itemOf(event);
    if (i >= 0) {
      this.focusable(i);
      this.pick(this.canvas.view.items[i].vertex);
    } else if (this.state.picked !== null && !event.target.closest("[data-link]")) {
      this.pick(null);
    }
  }

  doubleClick(event) {
    const i = this.itemOf(event);
    if (i >= 0 && this.canvas.view.items[i].kind === "module") this.toggle(this.canvas.view.items[i].module);
  }

  hover(event) {
    const tip = this.at("tip");
    const i = this.itemOf(event);
    const group = event.target.closest("[data-link]");
    const rows = i >= 0 ? this.tipOfItem(i) : group ? this.tipOfLink(Number(group.dataset.link)) : null;
    tip.hidden = rows === null || this.camera.pointers.size > 0;
    if (tip.hidden) return;
    tip.replaceChildren(...rows.filter((row) => row !== null));
    const [width, height] = this.camera.size();
    const box = this.canvas.root.getBoundingClientRect();
    const x = Math.min(event.clientX - box.left + 16, width - tip.offsetWidth - 8);
    const below = event.clientY - box.top + 18;
    tip.style.left = `${Math.max(4, x)}px`;
    tip.style.top = `${below + tip.offsetHeight > height ? below - tip.offsetHeight - 30 : below}px`;
  }

  tipOfItem(i) {
    const item = this.canvas.view.items[i];
    const v = item.vertex;
    const rows = [this.panel.definition(v), this.panel.madeOf(v)];
    if (item.kind === "module") {
      const { inside } = this.model.content.modules[item.module];
      rows.push(html("p", "hint", `${say("module", inside.length + 1)}. ${say("opens")}`));
    }
    return rows;
  }

  tipOfLink(k) {
    const line = this.canvas.lines[k];
    if (line.one.label < 0) return null;
    const slope = this.canvas.linkSlope(line.one);
    const made = html("p", "definition d");
    const [head, tail] = [line.one.head, line.one.tail].map((i) => this.canvas.view.items[i].vertex);
    made.append("∂", this.panel.called(head), " / ∂", this.panel.called(tail), ": ",
      this.formulas.inline(line.one.label, "d"), slope === null ? "" : ` = ${shown(slope)}`);
    return [made];
  }

  focusable(i) {
    if (this.tabbed) this.tabbed.setAttribute("tabindex", "-1");
    const part = this.canvas.parts[i];
    if (!part) return;
    this.tabbed = part.group;
    this.tabbed.setAttribute("tabindex", "0");
  }

  focused(event) {
    const i = this.itemOf(event);
    if (i < 0) return;
    this.focusable(i);
    if (event.target.matches(":focus-visible")) this.camera.reveal(this.canvas.at[i]);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.at("keys").open || event.target.closest("input")) return;
    const work = this.keyWork(event);
    if (work) {
      event.preventDefault();
      work();
    }
  }

  keyWork(event) {
    const onButton = event.target.closest("button");
    const { key } = event;
    const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    if (key in arrows) return () => this.go(...arrows[key]);
    if (key === " ") return onButton ? null : () => this.step(event.shiftKey ? -1 : 1);
    const i = this.itemOf(event);
    if (key === "Enter") return i < 0 ? null : () => this.pick(this.canvas.view.items[i].vertex);
    const work = {
      "+": () => this.camera.zoom(1.25), "=": () => this.camera.zoom(1.25),
      "-": () => this.camera.zoom(0.8), "−": () => this.camera.zoom(0.8),
      0: () => this.camera.fit(), a: () => this.showAll(), p: () => this.play(), d: () => this.setTheme(),
      z: () => this.setLanguage(), t: () => this.training.once(), r: () => this.training.toggle(),
      l: () => this.setLabels(LABELS[(LABELS.indexOf(this.state.labels) + 1) % LABELS.length]),
      c: () => { this.state.constants = !this.state.constants; this.redraw(); },
      m: () => this.moduleKey(i), x: () => this.turn(),
      Escape: () => this.escape(), "?": () => this.at("keys").showModal(),
    };
    return work[key.length === 1 ? key.toLowerCase() : key] || null;
  }

  escape() {
    if (this.steps.place !== null) this.showAll();
    else if (this.state.picked !== null) this.pick(null);
  }

  moduleKey(i) {
    const module = i < 0 ? -1 : this.model.moduleOf[this.canvas.view.items[i].vertex];
    if (module < 0) return;
    this.toggle(module);
    this.tabbed.focus();
  }

  /** To the next node in a direction: up to a user, down to an operand, sideways in the row. */
  go(dx, dy) {
    const from = Number(this.tabbed.dataset.item);
    if (document.activeElement !== this.tabbed) {
      this.tabbed.focus();
      return;
    }
    const [x, y] = this.canvas.at[from];
    const sideways = this.state.across ? dy : dx;
    let best = -1;
    let least = Infinity;
    const { items, links } = this.canvas.view;
    const linked = new Set(links.flatMap((one) => (
      one.head === from ? [one.tail] : one.tail === from ? [one.head] : [])));
    items.forEach((item, i) => {
      if (i === from || item.kind === "constant") return;
      const [ox, oy] = [this.canvas.at[i][0] - x, this.canvas.at[i][1] - y];
      const [along, aside] = dx ? [ox * dx, Math.abs(oy)] : [oy * dy, Math.abs(ox)];
      if (along < 1) return;
      const cost = along + 3 * aside + (sideways || linked.has(i) ? 0 : 100000);
      if (cost < least) [best, least] = [i, cost];
    });
    if (best >= 0) {
      this.focusable(best);
      this.tabbed.focus({ preventScroll: true });
      this.camera.reveal(this.canvas.at[best]);
    }
  }
}

const content = JSON.parse(document.getElementById("content").textContent);
const explorer = new Explorer(content, program);
Object.defineProperty(document, "explorer", { value: explorer });
