// Formulas that were set beforehand: outlines of glyphs become one path each.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function html(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

class Formulas {
  constructor(content) {
    this.boxes = content.boxes;
    this.glyphs = content.glyphs;
    this.tokens = new Map();
    this.curves = new Map();
  }

  width(number) { return this.boxes[number][0]; }
  height(number) { return this.boxes[number][1]; }
  depth(number) { return this.boxes[number][2]; }
  tall(number) { return this.boxes[number][1] + this.boxes[number][2]; }

  /** The outlines of a whole formula as the data of one path. */
  curve(number) {
    let found = this.curves.get(number);
    if (found === undefined) {
      const [, , , inks, rules] = this.boxes[number];
      const parts = inks.map((ink) => this.ink(ink));
      for (const [x, y, width, height] of rules) {
        parts.push(`M${x} ${y}h${width}v${height}h${-width}z`);
      }
      found = parts.join("");
      this.curves.set(number, found);
    }
    return found;
  }

  ink([glyph, x, y, size]) {
    const scale = size / this.glyphs[glyph][0];
    let text = "";
    let across = true;
    for (const token of this.commands(glyph)) {
      if (typeof token === "string") {
        text += token;
        across = true;
      } else {
        const at = token * scale + (across ? x : y);
        text += ` ${Math.round(at * 100) / 100}`;
        across = !across;
      }
    }
    return text;
  }

  commands(glyph) {
    let found = this.tokens.get(glyph);
    if (found === undefined) {
      const words = this.glyphs[glyph][1].split(" ");
      found = words.map((word) => (/^[A-Z]$/.test(word) ? word : Number(word)));
      this.tokens.set(glyph, found);
    }
    return found;
  }

  /** A formula as a group, the left end of its baseline at the origin. */
  element(number) {
    const texts = this.boxes[number][5];
    const path = svg("path", { d: this.curve(number), class: "formula" });
    if (!texts.length) return path;
    const group = svg("g", { class: "formula" });
    group.append(path);
    for (const [text, x, y, size, width] of texts) {
      const run = svg("text", { x, y, "font-size": size, textLength: width });
      run.textContent = text;
      group.append(run);
    }
    return group;
  }

  /** A formula within a line of text. */
  inline(number, className = "") {
    const [width, height, depth] = this.boxes[number];
    const pad = 1;
    const made = svg("svg", {
      class: `inline ${className}`,
      width: width + 2 * pad,
      height: height + depth + 2 * pad,
      viewBox: `${-pad} ${-height - pad} ${width + 2 * pad} ${height + depth + 2 * pad}`,
      "aria-hidden": "true",
    });
    made.style.verticalAlign = `${-depth - pad}px`;
    made.append(this.element(number));
    return made;
  }
}
