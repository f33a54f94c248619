// Layered layout: the root on top, every node below its users, operands in their order.
//
// Rows of nodes and rows of labels alternate. A link is a chain of cells, one in every row that it
// passes, so that nothing ever stands in its way. Within a row the places follow from isotonic
// regression (pool adjacent violators): as near to the neighbours as the order and the widths allow.

const GAP = 16;
const ROW_GAP = 13;
const MOST_CELLS = 14000;
const PASSES = 10;
const MANY_CELLS = 6000;
const MOST_LEAN = 0.8;
const MANY_LEAVES = 7;
// Half the height of a label beside which its curve runs upright.
const TALL = 12;

/**
 * `items` have left, right, half (the half width of the shape alone), up, down; `links` have head,
 * tail, order and label (a width and a height, or null). Answers x and y of each item, and for each
 * link its path and its label: left end, middle, and whether it stands left of the curve.
 */
function layered(items, links, turned = false) {
  if (turned) {
    const lain = links.map((one) => ({ ...one, label: one.label && [one.label[1], one.label[0]] }));
    return turnedBack(layered(items.map(lying), lain), links);
  }
  const ranks = rankItems(items, links);
  const grid = new Grid(items, links, ranks);
  grid.order();
  grid.placeAcross();
  grid.placeDown();
  return grid.result();
}

/** An item as it is laid out where the root stands on the right: that side is its top. */
function lying(item) {
  const { half, tall, form } = item;
  return {
    left: item.up, right: item.down, up: item.right, down: item.left, half: tall, top: () => half,
    bottom: (dx) => (form === "disc" ? Math.sqrt(Math.max(0, half * half - dx * dx)) : half),
  };
}

/** Places, curves and labels with the root, which was on top, on the right. */
function turnedBack({ at, paths, labels }, links) {
  const turn = ([x, y]) => [-y, x];
  const number = /-?[\d.]+ -?[\d.]+/g;
  return {
    at: at.map(turn),
    paths: paths.map(({ curve, tip }) => ({
      curve: curve.replace(number, (pair) => turn(pair.split(" ").map(Number)).join(" ")),
      tip: turn(tip),
    })),
    labels: labels.map((label, k) => {
      if (!label) return null;
      const [wide, tall] = links[k].label;
      return [-label[1] - wide / 2, label[0] + tall / 2, false];
    }),
  };
}

/** How far below the root: one more than the lowest user. */
function rankItems(items, links) {
  const waiting = new Int32Array(items.length);
  const below = items.map(() => []);
  for (const one of links) {
    waiting[one.tail] += 1;
    below[one.head].push(one.tail);
  }
  const ranks = new Int32Array(items.length);
  const ready = [];
  items.forEach((_, i) => { if (!waiting[i]) ready.push(i); });
  while (ready.length) {
    const head = ready.pop();
    for (const tail of below[head]) {
      ranks[tail] = Math.max(ranks[tail], ranks[head] + 1);
      waiting[tail] -= 1;
      if (!waiting[tail]) ready.push(tail);
    }
  }
  stagger(below, links, ranks);
  return ranks;
}

/** Of many leaves below one head every second stands lower, so that rows stay narrow. */
function stagger(below, links, ranks) {
  const users = new Int32Array(ranks.length);
  for (const one of links) users[one.tail] += 1;
  below.forEach((tails, head) => {
    const leaves = tails.filter((i) => !below[i].length && users[i] === 1);
    if (leaves.length < MANY_LEAVES || tails.length > leaves.length + 1) return;
    leaves.forEach((i, k) => { ranks[i] = ranks[head] + 1 + (k % 2); });
  });
}

class Grid {
  constructor(items, links, ranks) {
    this.items = items;
    this.links = links;
    this.stride = links.some((one) => one.label) ? 2 : 1;
    this.cells = items.map((item, i) => ({
      row: ranks[i] * this.stride, left: item.left, right: item.right, up: item.up,
      down: item.down, item: i, above: [], below: [], x: 0, spot: 0,
    }));
    this.chains = [];
    const rows = Math.max(0, ...this.cells.map((cell) => cell.row)) + 1;
    this.rows = Array.from({ length: rows }, () => []);
    const total = links.reduce((sum, one) => sum + this.span(one), 0);
    // Of a very tall graph the long links pass freely.
    this.longest = total > MOST_CELLS ? Math.max(4, Math.floor(MOST_CELLS / links.length)) : rows;
    this.outgoing = items.map(() => []);
    links.forEach((one, k) => this.outgoing[one.head].push(k));
    for (const list of this.outgoing) list.sort((a, b) => links[a].order - links[b].order);
    this.fill();
  }

  span(one) { return this.cells[one.tail].row - this.cells[one.head].row; }

  /** Items and chains into their rows, in the order of a walk from the roots down. */
  fill() {
    const placed = new Uint8Array(this.items.length);
    const put = (cell) => { this.rows[cell.row].push(cell); };
    this.chains = new Array(this.links.length);
    const heads = new Set(this.links.map((one) => one.tail));
    const stack = this.items.map((_, i) => i).filter((i) => !heads.has(i)).reverse();
    for (const root of stack) { placed[root] = 1; put(this.cells[root]); }
    while (stack.length) {
      const next = stack.pop();
      if (next < 0) {
        this.chain(-next - 1, put);
        const { tail } = this.links[-next - 1];
        if (placed[tail]) continue;
        placed[tail] = 1;
        put(this.cells[tail]);
        stack.push(tail);
        continue;
      }
      for (const k of [...this.outgoing[next]].reverse()) stack.push(-k - 1);
    }
  }

  /** The cells of one link; the first below the head keeps room for the label. */
  chain(k, put) {
    const one = this.links[k];
    const top = this.cells[one.head];
    const end = this.cells[one.tail];
    const [wide, tall] = one.label || [0, 0];
    const cells = [];
    const long = end.row - top.row > this.longest;
    for (let row = top.row + 1; row < end.row; row += 1) {
      const first = row === top.row + 1 && this.stride === 2;
      if (long && !first) break;
      cells.push({
        row, left: 5, right: first && wide ? wide + 10 : 5, up: first ? tall / 2 : 0,
        down: first ? tall / 2 : 0, item: -1, above: [], below: [], x: 0, spot: 0,
      });
      put(cells[cells.length - 1]);
    }
    const whole = [top, ...cells, ...(long ? [] : [end])];
    for (let j = 1; j < whole.length; j += 1) {
      const weight = whole[j - 1].item >= 0 || whole[j].item >= 0 ? 1 : 6;
      whole[j - 1].below.push([whole[j], weight]);
      whole[j].above.push([whole[j - 1], weight]);
    }
    this.chains[k] = cells;
  }

  // --- order ---------------------------------------------------------------------------------

  order() {
    this.number();
    let best = this.crossings();
    const rounds = best ? (this.links.length > 800 ? 4 : 14) : 0;
    let kept = this.rows.map((row) => [...row]);
    for (let round = 0; round < rounds && best; round += 1) {
      this.sweep(round % 2 === 0);
      if (this.links.length <= 800) this.exchange();
      const now = this.crossings();
      if (now < best) {
        best = now;
        kept = this.rows.map((row) => [...row]);
      }
    }
    this.rows = kept;
    this.number();
  }

  number() {
    for (const row of this.rows) row.forEach((cell, i) => { cell.spot = i; });
  }

  sweep(down) {
    const rows = down ? this.rows : [...this.rows].reverse();
    for (const row of rows) {
      for (const cell of row) {
        const near = down ? cell.above : cell.below;
        cell.wish = near.length
          ? near.reduce((sum, [other]) => sum + other.spot, 0) / near.length
          : null;
      }
      const moving = row.filter((cell) => cell.wish !== null);
      moving.sort((a, b) => a.wish - b.wish || a.spot - b.spot);
      let next = 0;
      for (let i = 0; i < row.length; i += 1) {
        if (row[i].wish !== null) {
          row[i] = moving[next];
          next += 1;
        }
      }
      row.forEach((cell, i) => { cell.spot = i; });
    }
  }

  /** Neighbours change places where that takes crossings away. */
  exchange() {
    for (let better = true, round = 0; better && round < 6; round += 1) {
      better = false;
      for (const row of this.rows) {
        for (let i = 0; i + 1 < row.length; i += 1) {
          const [a, b] = [row[i], row[i + 1]];
          const now = crossed(a.above, b.above) + crossed(a.below, b.below);
          if (now && now > crossed(b.above, a.above) + crossed(b.below, a.below)) {
            row[i] = b;
            row[i + 1] = a;
            b.spot = i;
            a.spot = i + 1;
            better = true;
          }
        }
      }
    }
  }

  crossings() {
    let total = 0;
    for (const row of this.rows) {
      const ends = [];
      for (const cell of row) {
        const spots = cell.below.map(([other]) => other.spot).sort((a, b) => a - b);
        ends.push(...spots);
      }
      total += inversions(ends);
    }
    return total;
  }

  // --- coordinates ---------------------------------------------------------------------------

  placeAcross() {
    for (const row of this.rows) {
      let x = 0;
      for (const cell of row) {
        cell.x = x + cell.left;
        x += cell.left + cell.right + GAP;
      }
    }
    const cells = this.rows.reduce((sum, row) => sum + row.length, 0);
    const passes = cells > MANY_CELLS ? PASSES / 2 : PASSES;
    this.settleAll(passes);
    this.chooseSides();
    this.settleAll(passes / 2);
  }

  settleAll(passes) {
    for (let pass = 0; pass < passes; pass += 1) {
      for (const row of this.rows) settle(row, (cell) => cell.above, (cell) => cell.below, pass);
      for (const row of [...this.rows].reverse()) {
        settle(row, (cell) => cell.below, (cell) => cell.above, pass);
      }
    }
  }

  /** A label stands on the side that its curve leans away from. */
  chooseSides() {
    this.links.forEach((one, k) => {
      const [first] = this.chains[k];
      if (!one.label || !first) return;
      const below = first.below.length ? first.below[0][0] : this.cells[one.tail];
      const middle = this.cells[one.head].x;
      const drift = Math.abs(below.x - middle) > 3 ? below.x - middle : first.x - middle;
      first.leftward = drift < -3;
      if (first.leftward) [first.left, first.right] = [first.right, first.left];
    });
  }

  placeDown() {
    this.middle = [];
    this.reach = [];
    let y = 0;
    let before = 0;
    this.rows.forEach((row, r) => {
      const up = Math.max(0, ...row.map((cell) => cell.up));
      const down = Math.max(0, ...row.map((cell) => cell.down));
      let gap = 0;
      if (r) {
        const drift = Math.max(0, ...row.flatMap((cell) => (
          cell.above.map(([other]) => Math.abs(other.x - cell.x)))));
        gap = ROW_GAP + Math.min(26, 0.09 * drift);
      }
      y += before + gap + up;
      this.middle.push(y);
      this.reach.push([up, down]);
      before = down;
    });
  }

  result() {
    const { cells, middle } = this;
    const at = this.items.map((_, i) => [cells[i].x, middle[cells[i].row]]);
    const ports = this.ports();
    const paths = this.links.map((one, k) => this.path(one, k, at, ports));
    const labels = this.links.map((one, k) => {
      const first = this.chains[k][0];
      if (!one.label || !first) return null;
      const away = first.up < TALL ? 9.5 : 7;
      const left = first.x + (first.leftward ? -away - one.label[0] : away);
      const drift = Math.abs(first.x - cells[one.head].x);
      // Beside a flat curve a label stands a little higher.
      const rise = first.up < TALL ? Math.min(5, 0.11 * Math.max(0, drift - 20)) : 0;
      return [left, middle[first.row] - rise, first.leftward];
    });
    return { at, paths, labels };
  }

  /** Where links arrive below their head, from left to right as they come. */
  ports() {
    const shift = new Float64Array(this.links.length);
    this.items.forEach((item, i) => {
      const arriving = [...this.outgoing[i]];
      const x = (k) => (this.chains[k][0] || this.cells[this.links[k].tail]).x;
      arriving.sort((a, b) => x(a) - x(b));
      const room = Math.min(11, (1.3 * item.half) / Math.max(1, arriving.length - 1));
      arriving.forEach((k, j) => { shift[k] = (j - (arriving.length - 1) / 2) * room; });
    });
    return shift;
  }

  /** From the tail up to the head: slanted through rows of labels, upright past nodes. */
  path(one, k, at, ports) {
    const [x0, y0] = at[one.tail];
    const points = [[x0, y0 - this.items[one.tail].top(0), false]];
    for (const cell of [...this.chains[k]].reverse()) {
      const y = this.middle[cell.row];
      if (cell.row % this.stride && cell.up < TALL) {
        points.push([cell.x, y, true]);
      } else if (cell.row % this.stride) {
        points.push([cell.x, y + cell.down, false], [cell.x, y - cell.up, false]);
      } else {
        const [up, down] = this.reach[cell.row];
        points.push([cell.x, y + down, false], [cell.x, y - up, false]);
      }
    }
    const [x1, y1] = at[one.head];
    const tip = [x1 + ports[k], y1 + this.items[one.head].bottom(ports[k])];
    points.push([tip[0], tip[1] + 7, false]);
    return { curve: smooth(points), tip };
  }
}

/** How many pairs of links cross when the first cell stands left of the second. */
function crossed(first, second) {
  let count = 0;
  for (const [a] of first) for (const [b] of second) if (a.spot > b.spot) count += 1;
  return count;
}

/** How many pairs of a list are out of order: counted while merging. */
function inversions(list) {
  let count = 0;
  let runs = list.map((x) => [x]);
  while (runs.length > 1) {
    const next = [];
    for (let i = 0; i < runs.length; i += 2) {
      if (i + 1 === runs.length) { next.push(runs[i]); continue; }
      const [a, b] = [runs[i], runs[i + 1]];
      const merged = [];
      let p = 0;
      let q = 0;
      while (p < a.length || q < b.length) {
        if (q === b.length || (p < a.length && a[p] <= b[q])) merged.push(a[p++]);
        else { merged.push(b[q++]); count += a.length - p; }
      }
      next.push(merged);
    }
    runs = next;
  }
  return count;
}

/** Move the cells of a row to the mean of their neighbours, their order and distances kept. */
function settle(row, near, far, pass) {
  const blocks = [];
  let offset = 0;
  row.forEach((cell, i) => {
    if (i) offset += row[i - 1].right + cell.left + GAP * (cell.item < 0 && row[i - 1].item < 0 ? 0.5 : 1);
    cell.offset = offset;
    let weight = 0;
    let sum = 0;
    for (const [other, w] of near(cell)) { weight += w; sum += w * other.x; }
    if (pass > 1) for (const [other, w] of far(cell)) { weight += w; sum += w * other.x; }
    const wish = weight ? sum / weight : cell.x;
    let block = { weight: weight || 0.01, mean: wish - offset, cells: [cell] };
    while (blocks.length && blocks[blocks.length - 1].mean > block.mean) {
      const last = blocks.pop();
      const total = last.weight + block.weight;
      block = {
        weight: total,
        mean: (last.mean * last.weight + block.mean * block.weight) / total,
        cells: last.cells.length > block.cells.length ? append(last.cells, block.cells)
          : [...last.cells, ...block.cells],
      };
    }
    blocks.push(block);
  });
  for (const block of blocks) for (const cell of block.cells) cell.x = block.mean + cell.offset;
}

function append(list, more) {
  for (const one of more) list.push(one);
  return list;
}

/** A curve that is nowhere steeper than it must; [x, y, whether it may lean]. */
function smooth(points) {
  const lean = points.map(([, , free], i) => (free ? leaning(points, i) : 0));
  if (points.length > 1) lean[0] = 0.7 * limited(secant(points[0], points[1]), 1);
  const text = (x) => String(Math.round(x * 10) / 10);
  let path = `M${text(points[0][0])} ${text(points[0][1])}`;
  for (let i = 1; i < points.length; i += 1) {
    const [x0, y0] = points[i - 1];
    const [x1, y1] = points[i];
    if (Math.abs(x0 - x1) < 0.5) {
      path += `L${text(x1)} ${text(y1)}`;
    } else {
      const step = (y1 - y0) * 0.42;
      path += `C${text(x0 + lean[i - 1] * step)} ${text(y0 + step)} `
        + `${text(x1 - lean[i] * step)} ${text(y1 - step)} ${text(x1)} ${text(y1)}`;
    }
  }
  return path;
}

function secant([x0, y0], [x1, y1]) { return y1 === y0 ? 0 : (x1 - x0) / (y1 - y0); }

function limited(x, most) { return Math.max(-most, Math.min(most, x)); }

/** How much a curve leans where it passes: upright where it turns (Fritsch and Carlson 1980). */
function leaning(points, i) {
  const [a, b] = [secant(points[i - 1], points[i]), secant(points[i], points[i + 1])];
  return a * b > 0 ? limited((2 * a * b) / (a + b), MOST_LEAN) : 0;
}
