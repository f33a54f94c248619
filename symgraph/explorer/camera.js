// Looking around: drag, wheel, pinch, buttons and keys.

const NEAREST = 4;
const FARTHEST = 0.01;
const READABLE = 0.62;

class Camera {
  constructor(canvas) {
    this.canvas = canvas;
    this.svg = canvas.root;
    this.group = document.getElementById("camera");
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.pointers = new Map();
    this.dragged = false;
    this.listen();
  }

  size() {
    const { width, height } = this.svg.getBoundingClientRect();
    return [width || 800, height || 600];
  }

  apply() {
    const [x, y] = [round(this.x), round(this.y)];
    this.group.setAttribute("transform", `translate(${x} ${y}) scale(${this.scale})`);
    this.look();
  }

  /** Have the canvas write what has come into sight, once a frame. */
  look() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.lookNow();
    });
  }

  lookNow() {
    const [width, height] = this.size();
    const at = (px, py) => [(px - this.x) / this.scale, (py - this.y) / this.scale];
    const [left, top] = at(-120, -120);
    const [right, bottom] = at(width + 120, height + 120);
    this.canvas.show({ left, top, right, bottom }, this.scale);
  }

  fit(readable = false) {
    const [width, height] = this.size();
    const { x, y, width: wide, height: tall } = this.canvas.bounds;
    const whole = Math.min((width - 40) / wide, (height - 70) / tall, 1.5);
    this.scale = readable && whole < READABLE ? READABLE : Math.max(FARTHEST, whole);
    if (this.scale > whole) {
      const [rootX, rootY] = this.canvas.at[this.canvas.itemAt(this.canvas.model.content.root)];
      const { across } = this.canvas.state;
      this.x = (across ? width - 90 : width / 2) - rootX * this.scale;
      this.y = (across ? height / 2 : 60) - rootY * this.scale;
    } else {
      this.x = (width - wide * this.scale) / 2 - x * this.scale;
      this.y = Math.max(20, (height - 40 - tall * this.scale) / 2) - y * this.scale;
    }
    this.apply();
  }

  zoom(factor, px, py) {
    const [width, height] = this.size();
    const [cx, cy] = [px ?? width / 2, py ?? height / 2];
    const scale = Math.min(NEAREST, Math.max(FARTHEST, this.scale * factor));
    const change = scale / this.scale;
    this.x = cx - (cx - this.x) * change;
    this.y = cy - (cy - this.y) * change;
    this.scale = scale;
    this.apply();
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  /** Bring a place into sight, if it is not. */
  reveal([x, y]) {
    const [width, height] = this.size();
    const [px, py] = [x * this.scale + this.x, y * this.scale + this.y];
    const dx = Math.max(60 - px, 0) + Math.min(width - 140 - px, 0);
    const dy = Math.max(50 - py, 0) + Math.min(height - 80 - py, 0);
    if (this.scale < this.canvas.far) {
      this.scale = READABLE;
      this.x = width / 2 - x * READABLE;
      this.y = height / 2 - y * READABLE;
      this.apply();
    } else if (dx || dy) {
      this.move(dx, dy);
    }
  }

  listen() {
    const { svg: target } = this;
    target.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = target.getBoundingClientRect();
      const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      const factor = Math.exp(-Math.max(-300, Math.min(300, step)) * 0.0022);
      this.zoom(factor, event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    target.addEventListener("pointerdown", (event) => {
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      this.dragged = false;
      this.start = [event.clientX, event.clientY];
    });
    target.addEventListener("pointermove", (event) => this.dragTo(event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      target.addEventListener(name, (event) => {
        this.pointers.delete(event.pointerId);
        target.classList.remove("dragging");
      });
    }
    new ResizeObserver(() => this.look()).observe(target);
    // On paper the whole graph, as large as the paper allows.
    window.addEventListener("beforeprint", () => {
      const { x, y, width, height } = this.canvas.bounds;
      target.setAttribute("viewBox", [x - 10, y - 10, width + 20, height + 20].map(round).join(" "));
      this.group.removeAttribute("transform");
    });
    window.addEventListener("afterprint", () => {
      target.removeAttribute("viewBox");
      this.apply();
    });
  }

  dragTo(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (!this.dragged && Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) < 4) return;
    if (!this.dragged && this.svg.setPointerCapture) this.svg.setPointerCapture(event.pointerId);
    this.dragged = true;
    this.svg.classList.add("dragging");
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    this.pointers.set(event.pointerId, now);
    if (!others.length) {
      this.move(now[0] - before[0], now[1] - before[1]);
      return;
    }
    const [, still] = others[0];
    const ratio = Math.hypot(now[0] - still[0], now[1] - still[1])
      / Math.max(1, Math.hypot(before[0] - still[0], before[1] - still[1]));
    const box = this.svg.getBoundingClientRect();
    this.zoom(ratio, still[0] - box.left, still[1] - box.top);
  }
}
