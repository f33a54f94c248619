// What is to be seen of the graph: open modules vertex by vertex, closed ones as one node each.

// A leaf with more users than this is drawn once for each of them.
const MOST_USES = 6;

/**
 * The items and links to draw. An item is {vertex, kind, module}; kind is "vertex", "module" (a
 * closed one) or "constant" (a copy for one use, so that a 1 does not tie the graph together). A
 * link is {head, tail, order, edge, edges, label, name}: positions of items, the edge it stands for
 * (-1 where a module hides several), all of these, and the number of its formula.
 */
function visibleGraph(content, closed, constants) {
  const { nodes, edges, modules } = content;
  const home = nodes.map((_, v) => v);
  for (const number of closed) {
    for (const v of modules[number].inside) home[v] = modules[number].head;
  }
  const closedAt = new Map([...closed].map((number) => [modules[number].head, number]));
  const uses = usesOf(edges, home);
  const items = [];
  const itemOf = new Array(nodes.length).fill(-1);
  const used = new Uint8Array(nodes.length);
  for (const [, tail] of edges) used[tail] = 1;
  nodes.forEach((node, v) => {
    if (home[v] !== v || (node.role === "constant" && used[v]) || isChip(node, uses.get(v))) return;
    const module = closedAt.has(v) ? closedAt.get(v) : -1;
    itemOf[v] = items.length;
    items.push({ vertex: v, kind: module < 0 ? "vertex" : "module", module });
  });
  const links = [];
  const merged = new Map();
  edges.forEach(([head, tail, operand, label], e) => {
    const top = home[head];
    if (nodes[tail].role === "constant") {
      if (!constants || closedAt.has(top) || itemOf[top] < 0) return;
      items.push({ vertex: tail, kind: "constant", module: -1 });
      links.push(link(itemOf[top], items.length - 1, operand, e, label));
      return;
    }
    const below = home[tail];
    if (top === below) return;
    const key = `${top},${below}`;
    if (merged.has(key)) {
      merged.get(key).edges.push(e);
      return;
    }
    if (isChip(nodes[below], uses.get(below))) {
      itemOf[below] = items.length;
      items.push({ vertex: below, kind: "chip", module: -1 });
    }
    if (!closedAt.has(top)) {
      links.push(link(itemOf[top], itemOf[below], operand, e, label));
      return;
    }
    const operands = modules[closedAt.get(top)].operands;
    const order = operands.findIndex(([v]) => v === below);
    const made = link(itemOf[top], itemOf[below], order, -1, order < 0 ? -1 : operands[order][1]);
    made.edges = [e];
    merged.set(key, made);
    links.push(made);
  });
  return { items, links, itemOf, home };
}

/** How many heads use each value, a closed module being one. */
function usesOf(edges, home) {
  const pairs = new Set();
  const uses = new Map();
  for (const [head, tail] of edges) {
    const pair = `${home[head]},${home[tail]}`;
    if (pairs.has(pair)) continue;
    pairs.add(pair);
    uses.set(home[tail], (uses.get(home[tail]) || 0) + 1);
  }
  return uses;
}

/** Whether a leaf is drawn once for each use. */
function isChip(node, uses) {
  return uses > MOST_USES && ["parameter", "data", "state"].includes(node.role);
}

function link(head, tail, order, edge, label) {
  return { head, tail, order, edge, edges: [edge], label };
}
