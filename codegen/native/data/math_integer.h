/* Functions of whole numbers, as NumPy has them: a division by 0 gives 0. */

//: i_abs
SG_FN i64 sg_i_abs(i64 x) { return x < 0 ? (i64)-(unsigned long long)x : x; }

//: i_maximum
SG_FN i64 sg_i_maximum(i64 x, i64 y) { return x > y ? x : y; }

//: i_minimum
SG_FN i64 sg_i_minimum(i64 x, i64 y) { return x < y ? x : y; }

//: i_floor_divide
SG_FN i64 sg_i_floor_divide(i64 x, i64 y) {
    if (y == 0) return 0;
    if (y == -1) return (i64)-(unsigned long long)x;
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

//: i_remainder
SG_FN i64 sg_i_remainder(i64 x, i64 y) {
    if (y == 0 || y == -1) return 0;
    const i64 m = x % y;
    return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}

//: i_power
/* for y >= 0; modulo 2^64 */
SG_FN i64 sg_i_power(i64 x, i64 y) {
    unsigned long long result = 1, base = (unsigned long long)x;
    for (; y > 0; y >>= 1, base *= base)
        if (y & 1) result *= base;
    return (i64)result;
}
