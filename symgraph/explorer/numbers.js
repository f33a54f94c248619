// Numbers and arrays as they are read: few digits, a true minus sign.

const DIGITS = 4;
const MOST_ENTRIES_TOLD = 12;

function shown(x, digits = DIGITS) {
  if (typeof x === "boolean") return x ? "1" : "0";
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const small = size !== 0 && size < 1e-4;
  const text = small || size >= 1e6 ? exponential(x, digits) : String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
}

function exponential(x, digits) {
  const [mantissa, exponent] = x.toExponential(digits - 2).split("e");
  return `${Number(mantissa)}e${exponent.replace("+", "")}`.replace("-", "−").replace("e-", "e−");
}

/** A factor in a product: a negative number stands in brackets. */
function factor(x) {
  const text = shown(x);
  return text.startsWith("−") ? `(${text})` : text;
}

function norm(array) {
  let sum = 0;
  for (const x of array) sum += x * x;
  return Math.sqrt(sum);
}

/** A value in few characters: a number, a short vector, else shape and norm. */
function brief(value, shape) {
  if (value === null || value === undefined) return "";
  if (shape.length === 0) return shown(Number(value), DIGITS);
  if (shape.length === 1 && value.length <= 3) {
    return `(${Array.from(value, (x) => shown(x, 3)).join(", ")})`;
  }
  return `${shape.join("×")} ‖${shown(norm(value), 3)}‖`;
}

/** The same with all entries, row by row, as long as they are few. */
function entries(value, shape) {
  if (!shape.length || value.length > MOST_ENTRIES_TOLD) return brief(value, shape);
  const level = (axis, start, size) => {
    if (axis === shape.length) return shown(value[start], DIGITS);
    const part = size / shape[axis];
    const rows = Array.from({ length: shape[axis] }, (_, k) => level(axis + 1, start + k * part, part));
    return `[${rows.join(axis === shape.length - 2 ? ",\n " : ", ")}]`;
  };
  return level(0, 0, value.length);
}

/** The position of an entry of a flat array, counted from 1: "2, 3". */
function place(index, shape) {
  const found = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    found.unshift((index % shape[axis]) + 1);
    index = Math.floor(index / shape[axis]);
  }
  return found.join(", ");
}
