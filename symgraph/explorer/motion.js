// Open modules in frames, and a gentle way from one layout to the next.

const GLIDE = 340;

/** A frame around what is drawn of each open module: its nodes and the links between them. */
function frames(model, view, sizes, at, lines, closed) {
  if (model.content.modules.length < 2) return [];
  const inside = new Map();
  const owner = view.items.map((item) => ownerOf(model, item, closed));
  for (const { head, tail } of view.links) {
    const { kind, vertex } = view.items[tail];
    const owned = kind === "constant" || model.content.nodes[vertex].role === "parameter";
    if (kind !== "vertex" && kind !== "module" && owned) owner[tail] = owner[head];
  }
  const of = (module) => {
    if (!inside.has(module)) inside.set(module, { shapes: "", curves: "" });
    return inside.get(module);
  };
  owner.forEach((module, i) => {
    if (module < 0) return;
    const [x, y] = at[i];
    const { left, right, up, down } = sizes[i];
    const corner = `M${round(x - left)} ${round(y - up)}`;
    of(module).shapes += `${corner}h${round(left + right)}v${round(up + down)}h${round(-left - right)}z`;
  });
  lines.forEach(({ one, path }) => {
    const module = owner[one.head];
    if (module >= 0 && module === owner[one.tail]) of(module).curves += path.curve;
  });
  return [...inside.values()].map(({ shapes, curves }) => {
    const group = svg("g", { class: "frame" });
    for (const layer of ["rim", "body"]) {
      group.append(svg("path", { class: `${layer} along`, d: curves }), svg("path", { class: layer, d: shapes }));
    }
    return group;
  });
}

function ownerOf(model, { kind, vertex }, closed) {
  const module = kind === "vertex" ? model.moduleOf[vertex] : -1;
  return closed.has(module) ? -1 : module;
}

/** Where every value is drawn now, by its vertex. */
function places(canvas) {
  return new Map(canvas.view.items.map(({ vertex }, i) => [vertex, canvas.at[i]]));
}

/** Let all nodes come from where they were; `anchor` is the vertex that stays under the eye. */
function glide(canvas, before, anchor) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (still || !canvas.small || canvas.frontItems.size || !before.has(anchor)) return;
  const now = canvas.at[canvas.itemAt(anchor)];
  const was = before.get(anchor);
  const [dx, dy] = [now[0] - was[0], now[1] - was[1]];
  const timing = { duration: GLIDE, easing: "ease-in-out" };
  canvas.parts.forEach((part, i) => {
    const [x, y] = canvas.at[i];
    const [x0, y0] = before.get(part.item.vertex) || was;
    part.group.animate([
      { transform: `translate(${x0 + dx}px, ${y0 + dy}px)` }, { transform: `translate(${x}px, ${y}px)` },
    ], timing);
  });
  for (const layer of [canvas.layers.edges, canvas.layers.frames]) {
    layer.animate([{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }], timing);
  }
}
