/* Vector functions: the template of which mathtext.py writes the part that a kernel needs.

   Every block is one function. The first line of a block names it and the blocks that it calls.
   `real` is float or double, `word` the unsigned integer of its width, $NAME a constant and
   POLY(name, z) a polynomial in Horner's form, HALVES(name, z) one in Estrin's, whose steps wait less
   for each other. There are no branches and no headers, so a loop that calls these is vectorised;
   only the functions that say so branch. NaN and infinity are kept.
   SG_IN functions are always inlined, SG_FN ones as the kernel wants it. */

//: bits
SG_IN word sg_bits(real x) { word k; __builtin_memcpy(&k, &x, sizeof k); return k; }

//: from_bits
SG_IN real sg_from_bits(word k) { real x; __builtin_memcpy(&x, &k, sizeof x); return x; }

//: pow2 from_bits
/* 2^k for a normal result; k is in two's complement */
SG_IN real sg_pow2(word k) { return sg_from_bits((k + $BIAS) << $MANTISSA); }

//: reduced bits
/* x = k ln 2 + r with |r| <= ln(2)/2: gives k, returns exp(r) - 1 */
SG_IN real sg_reduced(real x, word *k) {
    const real t = x * $LOG2E + $MAGIC, n = t - $MAGIC;
    const real r = (x - n * $LN2_HI) - n * $LN2_LO;
    *k = sg_bits(t) - $MAGIC_BITS;
    return r + r * r * HALVES(exp, r);
}

//: halved pow2
/* 2^k as a product of two normal numbers; *rest is the logarithm of the second */
SG_IN real sg_halved(word k, word *rest) {
    const word first = ((k + 4 * $BIAS) >> 1) - 2 * $BIAS;
    *rest = k - first;
    return sg_pow2(first);
}

//: exp reduced halved pow2
SG_FN real sg_exp(real x) {
    const real low = x < $EXP_LOW ? $EXP_LOW : x, y = low > $EXP_HIGH ? $EXP_HIGH : low;
    word k, rest;
    const real p = sg_reduced(y, &k), s = sg_halved(k, &rest);
    return (s + s * p) * sg_pow2(rest);
}

//: exp_down reduced pow2
/* exp(x) for x <= 0: one power of two is enough, first too large by one that is known */
SG_FN real sg_exp_down(real x) {
    const real y = x < $EXP_LOW ? $EXP_LOW : x;
    word k;
    const real p = sg_reduced(y, &k), s = sg_pow2(k + $DOWN);
    return (s + s * p) * $BY_DOWN;
}

//: exp_below exp_down
/* the same, and infinity for infinity: what is left of a number less the largest */
SG_FN real sg_exp_below(real x) {
    const real y = sg_exp_down(x);
    return x > 0 ? x : y;
}

//: exp_half reduced halved pow2
/* exp(x)/2, finite where cosh is */
SG_IN real sg_exp_half(real x) {
    const real low = x < $EXP_LOW ? $EXP_LOW : x, y = low > $EXP_HIGH ? $EXP_HIGH : low;
    word k, rest;
    const real p = sg_reduced(y, &k), s = sg_halved(k - 1, &rest);
    return (s + s * p) * sg_pow2(rest);
}

//: expm1 reduced halved pow2
SG_FN real sg_expm1(real x) {
    const real low = x < $EXP_LOW ? $EXP_LOW : x, y = low > $EXP_HIGH ? $EXP_HIGH : low;
    word k, rest;
    const real p = sg_reduced(y, &k), s = sg_halved(k, &rest);
    const real e = (s * p + (s - sg_pow2(-rest))) * sg_pow2(rest);
    return x == 0 ? x : e;
}

//: tanh reduced pow2
/* -m/(2 + m) with m = exp(-2|x|) - 1, which has all its digits */
SG_FN real sg_tanh(real x) {
    const real a = -2 * __builtin_fabs$F(x), y = a < $TANH_LOW ? $TANH_LOW : a;
    word k;
    const real p = sg_reduced(y, &k), s = sg_pow2(k), m = s * p + (s - 1);
    return __builtin_copysign$F(-m / (2 + m), x);
}

//: tanh_of
/* tanh(x), given e = exp(-2|x|) */
SG_FN real sg_tanh_of(real x, real e) {
    const real z = x * x, near = x + x * z * POLY(tanh, z);
    return z < $TANH_NEAR ? near : __builtin_copysign$F((1 - e) / (1 + e), x);
}

//: exp_less_one reduced pow2
/* exp(x) for x <= 0, and exp(x) - 1 in *less, which has all its digits */
SG_FN real sg_exp_less_one(real x, real *less) {
    const real y = x < $EXP_LOW ? $EXP_LOW : x;
    word k;
    const real p = sg_reduced(y, &k), s = sg_pow2(k + $DOWN), t = s * $BY_DOWN;
    *less = t * p + (t - 1);
    return (s + s * p) * $BY_DOWN;
}

//: tanh_by
/* tanh(x), given m = exp(-2|x|) - 1 */
SG_FN real sg_tanh_by(real x, real m) { return __builtin_copysign$F(-m / (2 + m), x); }

//: mantissa bits from_bits
/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), for positive finite x */
SG_IN real sg_mantissa(real x, real *k) {
    const real y = x < $TINY ? x * $TWO_MANTISSA * 4 : x;
    const word i = sg_bits(y) + ($ONE_BITS - $SQRT_HALF_BITS);
    const real biased = sg_from_bits((i >> $MANTISSA) | $TWO_MANTISSA_BITS);
    *k = biased - ($TWO_MANTISSA + $BIAS) - (x < $TINY ? $MANTISSA + 2 : 0);
    return sg_from_bits((i & $MANTISSA_MASK) + $SQRT_HALF_BITS);
}

//: log mantissa
SG_FN real sg_log(real x) {
    real k;
    const real f = sg_mantissa(x, &k) - 1, s = f / (2 + f), z = s * s, h = f * f / 2;
    const real tail = s * (h + z * POLY(log, z)) + k * $LN2_LO;
    const real y = k * $LN2_HI + (f - (h - tail));
    return x > 0 ? (x < __builtin_inf$F() ? y : x) : x == 0 ? -__builtin_inf$F() : __builtin_nan$F("");
}

//: log1p log
SG_FN real sg_log1p(real x) {
    const real u = 1 + x, b = u - 1;
    const real lost = ((x - b) + (1 - (u - b))) / u;
    const real y = sg_log(u) + ((u > 0) & (u < __builtin_inf$F()) ? lost : 0);
    return x == 0 ? x : y;
}

//: floor
SG_FN real sg_floor(real x) {
#if defined(__SSE4_1__) || defined(__aarch64__)
    return __builtin_floor$F(x);
#else
    const real big = __builtin_copysign$F($TWO_MANTISSA, x), n = (x + big) - big;
    const real y = __builtin_fabs$F(x) < $TWO_MANTISSA ? n - (n > x ? 1 : 0) : x;
    return __builtin_copysign$F(y, x);
#endif
}

//: ceil floor
SG_FN real sg_ceil(real x) { return -sg_floor(-x); }

//: maximum
/* NaN where an operand is NaN */
SG_FN real sg_maximum(real x, real y) { return (x >= y) | (x != x) ? x : y; }

//: minimum
SG_FN real sg_minimum(real x, real y) { return (x <= y) | (x != x) ? x : y; }

//: at_least
/* maximum and minimum with a number that is not NaN */
SG_FN real sg_at_least(real x, real least) { return x < least ? least : x; }

//: at_most
SG_FN real sg_at_most(real x, real most) { return x > most ? most : x; }

//: abs
SG_FN real sg_abs(real x) { return __builtin_fabs$F(x); }

//: sqrt
SG_FN real sg_sqrt(real x) { return __builtin_sqrt$F(x); }

//: reciprocals
/* The numbers of a vector; how many of n fill vectors */
#if defined(__AVX512F__)
#define SG_LANES (64 / (int)sizeof(real))
#elif defined(__AVX__)
#define SG_LANES (32 / (int)sizeof(real))
#else
#define SG_LANES (16 / (int)sizeof(real))
#endif
#define SG_WHOLE(n) ((n) & -SG_LANES)

#ifdef __AVX512F__
#ifdef __clang__
#define SG_OF(function, x, y) function(x, y, 4)
#else
#define SG_OF(function, x, y) function##_mask(x, y, x, -1, 4)
#endif
typedef real sg_lanes __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

/* 1/x of 0, infinity, and numbers whose reciprocals are normal, by Newton's method from 14 bits.
   Least and largest are the second operand where one is NaN. */
SG_IN void sg_reciprocals(real *x) {
    const sg_lanes zero = {0}, most = zero + $MAX, y = *(sg_lanes *)x;
    const sg_lanes near = SG_OF($LEAST, most, $NEAR(y, zero, -1)), r = SG_OF($LARGEST, -most, near);
    const sg_lanes e = 1 - SG_OF($LEAST, most, y) * r;
    *(sg_lanes *)x = r + r * $NEARER;
}
#else
SG_IN void sg_reciprocals(real *x) {}
#endif

//: over reciprocals
/* A quotient by what sg_reciprocals was told: elsewhere a division takes less */
#ifdef __AVX512F__
SG_IN real sg_over(real x, real reciprocal) { return x * reciprocal; }
#else
SG_IN real sg_over(real x, real y) { return x / y; }
#endif

//: cosh exp_half
SG_FN real sg_cosh(real x) {
    const real e = sg_exp_half(__builtin_fabs$F(x));
    return e + $QUARTER / e;
}

//: sinh reduced halved pow2
SG_FN real sg_sinh(real x) {
    const real a = __builtin_fabs$F(x), y = a > $EXP_HIGH ? $EXP_HIGH : a;
    word k, rest;
    const real p = sg_reduced(y, &k), s = sg_halved(k, &rest);
    const real m = (s * p + (s - sg_pow2(-rest))) * sg_pow2(rest - 1);
    return __builtin_copysign$F(m + (m < $HUGE ? m / (2 * m + 1) : $HALF), x);
}

//: asinh log1p log
SG_FN real sg_asinh(real x) {
    const real a = __builtin_fabs$F(x), b = a > $HUGE ? 1 : a, q = b * b;
    const real near = sg_log1p(b + q / (1 + __builtin_sqrt$F(1 + q)));
    return __builtin_copysign$F(a > $HUGE ? sg_log(a) + $LN2 : near, x);
}

//: acosh log1p log
SG_FN real sg_acosh(real x) {
    const real t = (x > $HUGE ? 2 : x) - 1;
    const real near = sg_log1p(t + __builtin_sqrt$F(t * (t + 2)));
    return x > $HUGE ? sg_log(x) + $LN2 : x < 1 ? __builtin_nan$F("") : near;
}

//: atanh log1p
SG_FN real sg_atanh(real x) {
    const real a = __builtin_fabs$F(x);
    return __builtin_copysign$F(sg_log1p(2 * a / (1 - a)) / 2, x);
}

//: arc
/* atan(t) for t >= 0 */
SG_IN real sg_arc(real t) {
    const int far = t > $TAN_3_8, middle = t > $TAN_1_8;
    const real top = far ? -1 : middle ? t - 1 : t, bottom = far ? t : middle ? t + 1 : 1;
    const real w = top / bottom, z = w * w;
    const real base = far ? $PI_2 : middle ? $PI_4 : 0, rest = far ? $PI_2_LO : middle ? $PI_4_LO : 0;
    return base + (w + (w * z * POLY(atan, z) + rest));
}

//: atan arc
SG_FN real sg_atan(real x) { return __builtin_copysign$F(sg_arc(__builtin_fabs$F(x)), x); }

//: atan2 arc
SG_FN real sg_atan2(real y, real x) {
    const real a = __builtin_fabs$F(x), b = __builtin_fabs$F(y);
    const real less = a < b ? a : b, more = a < b ? b : a;
    const real ratio = less / more, t = more == 0 ? 0 : less == __builtin_inf$F() ? 1 : ratio;
    const real angle = sg_arc(t), up = a < b ? ($PI_2 - angle) + $PI_2_LO : angle;
    const real turned = __builtin_copysign$F(1, x) < 0 ? ($PI - up) + $PI_LO : up;
    return (x != x) | (y != y) ? x + y : __builtin_copysign$F(turned, y);
}

//: asin
SG_FN real sg_asin(real x) {
    const real a = __builtin_fabs$F(x);
    const int far = a > $HALF;
    const real z = far ? (1 - a) / 2 : x * x, w = far ? __builtin_sqrt$F(z) : a;
    const real v = w + w * z * POLY(asin, z);
    return __builtin_copysign$F(far ? $PI_2 - (2 * v - $PI_2_LO) : v, x);
}

//: acos
SG_FN real sg_acos(real x) {
    const real a = __builtin_fabs$F(x);
    const int far = a > $HALF;
    const real z = far ? (1 - a) / 2 : x * x, w = far ? __builtin_sqrt$F(z) : x;
    const real v = w + w * z * POLY(asin, z);
    return far ? x < 0 ? $PI - (2 * v - $PI_LO) : 2 * v : $PI_2 - (v - $PI_2_LO);
}

//: product
/* x * y, and what its rounding lost in *rest */
SG_IN real sg_product(real x, real y, real *rest) {
    const real p = x * y;
#if defined($FAST_FMA) || defined(__FMA__)
    *rest = __builtin_fma$F(x, y, -p);
#else
    const real u = $SPLIT * x, v = $SPLIT * y;
    const real a = u - (u - x), c = v - (v - y), b = x - a, d = y - c;
    *rest = ((a * c - p) + a * d + b * c) + b * d;
#endif
    return p;
}

//: whole_erfc product exp
/* exp(-x^2) times a smooth function of (|x| - 2)/(|x| + 2) */
SG_FN real sg_whole_erfc(real x) {
    const real size = __builtin_fabs$F(x), a = size > 28 ? 28 : size;
    real rest;
    const real square = sg_product(a, a, &rest), q = (a - 2) / (a + 2);
    const real tail = sg_exp(-square) * (1 - rest) * (POLY(erfc, q) / (1 + 2 * a));
    return x < 0 ? 2 - tail : tail;
}

//: whole_erf whole_erfc
SG_FN real sg_whole_erf(real x) {
    const real size = __builtin_fabs$F(x), z = size < 1 ? x * x : 1;
    const real far = __builtin_copysign$F(1 - sg_whole_erfc(size), x);
    return size < 1 ? x + x * POLY(erf, z) : far;
}

//: log_pair mantissa product
/* log(x) for positive finite x to half as many digits again: returns the head, *rest the tail */
SG_IN real sg_log_pair(real x, real *rest) {
    real k, e, t;
    const real m = sg_mantissa(x, &k), f = m - 1, d = m + 1, lost = m - (d - 1);
    const real s = f / d, back = sg_product(s, d, &e);
    const real s2 = (((f - back) - e) - s * lost) / d;
    const real z = sg_product(s, s, &t), z2 = t + 2 * s * s2;
    const real c = sg_product(z, $TWO_THIRDS, &e), c2 = e + z * $TWO_THIRDS_LO + z2 * $TWO_THIRDS;
    const real q = sg_product(s, c, &e), q2 = e + s * c2 + s2 * c + s * z * z * POLY(log_tail, z);
    const real a = 2 * s + q, a2 = (2 * s - a) + q + 2 * s2 + q2;
    const real h = k * $LN2_HI, sum = h + a;
    const real tail = (a - (sum - h)) + (k * $LN2_LO + a2), all = sum + tail;
    *rest = tail - (all - sum);
    return all;
}

//: power_of product reduced halved pow2
/* exp(y (l + l2)): a positive number to the power y, given its logarithm to twice the digits */
SG_FN real sg_power_of(real y, real l, real l2) {
    const real bound = y > $POW_BOUND ? $POW_BOUND : y < -$POW_BOUND ? -$POW_BOUND : y;
    real e;
    const real p = sg_product(bound, l, &e), rest_of_p = e + bound * l2;
    const real low = p < $EXP_LOW ? $EXP_LOW : p, q = low > $EXP_HIGH ? $EXP_HIGH : low;
    word k, rest;
    const real r = sg_reduced(q, &k), s = sg_halved(k, &rest);
    const real slight = q == p ? rest_of_p : 0, grown = 1 + r;
    return (grown + grown * slight) * s * sg_pow2(rest);
}

//: power log_pair power_of floor
SG_FN real sg_power(real x, real y) {
    const real a = __builtin_fabs$F(x), inf = __builtin_inf$F();
    const int plain = (a > 0) & (a < inf);
    real l2;
    const real l = sg_log_pair(plain ? a : 1, &l2), size = sg_power_of(y, l, l2);
    const real half = y / 2, whole = sg_floor(y);
    const int is_whole = y == whole, is_odd = is_whole & (half != sg_floor(half));
    const real edge = (a == 0) == (y < 0) ? inf : 0; /* 0 and infinity to a power */
    const real known = plain ? size : edge;
    const real flipped = is_odd ? __builtin_copysign$F(known, x) : known;
    const real refused = (x < 0) & (a < inf) & !is_whole ? __builtin_nan$F("") : flipped;
    const real settled = (a == 1) & ((y == inf) | (y == -inf)) ? 1 : refused;
    const real checked = (x != x) | (y != y) ? x + y : settled;
    return (y == 0) | (x == 1) ? 1 : checked;
}

//: turns
/* |x| = (4 j + n) pi/2 + *r with |*r| <= pi/4 for 2^-10 <= x < infinity, returns n: digits of
   2/pi enough for every double; this one branches */
static __attribute__((noinline)) unsigned sg_turns(double x, double *r) {
    static const unsigned long long digits[] = {$TWO_OVER_PI};
    unsigned long long i, m, v[3], p[3];
    __builtin_memcpy(&i, &x, sizeof i);
    m = (i & 0xfffffffffffffull) | 0x10000000000000ull;
    const unsigned start = (unsigned)(i >> 52) - 1075 + 62, at = start / 64, by = start % 64;
    for (int j = 0; j < 3; j++) {
        v[j] = digits[at + j] << by;
        if (by) v[j] |= digits[at + j + 1] >> (64 - by);
    }
    const unsigned __int128 low = (unsigned __int128)m * v[2];
    const unsigned __int128 high = (unsigned __int128)m * v[1] + (unsigned long long)(low >> 64);
    p[2] = (unsigned long long)low;
    p[1] = (unsigned long long)high;
    p[0] = m * v[0] + (unsigned long long)(high >> 64);
    unsigned long long head = p[0] << 2 | p[1] >> 62, tail = p[1] << 2 | p[2] >> 62;
    const unsigned beyond = (unsigned)(head >> 63); /* nearer to the next quadrant */
    if (beyond) {
        tail = -tail;
        head = -head - (tail != 0);
    }
    const double size = ((double)head + (double)tail * 0x1p-64) * (1.5707963267948966 * 0x1p-64);
    *r = beyond ? -size : size;
    return (unsigned)(p[0] >> 62) + beyond;
}

//: quadrant turns
/* x = (4 j + n) pi/2 + *r, returns n; branches for |x| > 10^6 */
SG_IN unsigned sg_quadrant(real x, real *r) {
    const double y = x, t = y * 0.63661977236758134 + 0x1.8p52, n = t - 0x1.8p52;
    unsigned long long k;
    __builtin_memcpy(&k, &t, sizeof k);
    if (!(__builtin_fabs(y) <= 1e6)) {
        double rest;
        if (!(__builtin_fabs(y) < __builtin_inf())) {
            *r = x - x;
            return 0;
        }
        const unsigned turn = sg_turns(__builtin_fabs(y), &rest);
        *r = (real)(y < 0 ? -rest : rest);
        return y < 0 ? -turn : turn;
    }
    *r = (real)(((y - n * $PI_2_A) - n * $PI_2_B) - n * $PI_2_C);
    return (unsigned)k;
}

//: wave
/* sin(r) for even n, cos(r) for odd n, negated for n = 2, 3 modulo 4 */
SG_IN real sg_wave(real r, unsigned n) {
    const real z = r * r, s = r + r * z * HALVES(sin, z), c = 1 - z / 2 + z * z * HALVES(cos, z);
    const real w = n & 1 ? c : s;
    return n & 2 ? -w : w;
}

//: sin quadrant wave
SG_FN real sg_sin(real x) {
    real r;
    const unsigned n = sg_quadrant(x, &r);
    return x == 0 ? x : sg_wave(r, n);
}

//: cos quadrant wave
SG_FN real sg_cos(real x) {
    real r;
    const unsigned n = sg_quadrant(x, &r);
    return sg_wave(r, n + 1);
}

//: sin_cos quadrant wave
/* sin(x), and cos(x) in *other */
SG_FN real sg_sin_cos(real x, real *other) {
    real r;
    const unsigned n = sg_quadrant(x, &r);
    *other = sg_wave(r, n + 1);
    return x == 0 ? x : sg_wave(r, n);
}

//: tan quadrant wave
SG_FN real sg_tan(real x) {
    real r;
    const unsigned n = sg_quadrant(x, &r);
    return x == 0 ? x : sg_wave(r, n) / sg_wave(r, n + 1);
}

//: modulo bits from_bits
/* |x| - |y| floor(|x|/|y|), exactly; branches */
static real sg_modulo(real x, real y) {
    const real a = __builtin_fabs$F(x), b = __builtin_fabs$F(y);
    if (!(a < __builtin_inf$F()) || !(b > 0)) return __builtin_nan$F("");
    if (a < b) return a;
    word i = sg_bits(a), j = sg_bits(b);
    word p = i >> $MANTISSA, q = j >> $MANTISSA;
    i = p ? (i & $MANTISSA_MASK) | ($MANTISSA_MASK + 1) : i;
    j = q ? (j & $MANTISSA_MASK) | ($MANTISSA_MASK + 1) : j;
    p = p ? p : 1, q = q ? q : 1;
    i %= j;
    while (p > q && i) {
        const word by = p - q < $HEADROOM ? p - q : $HEADROOM;
        i = (i << by) % j;
        p -= by;
    }
    /* i units of the size that the last digit of y has: exact, also where it is subnormal */
    const real unit = q > $MANTISSA ? sg_from_bits((q - $MANTISSA) << $MANTISSA) : 0;
    return q > $MANTISSA ? (real)i * unit
                         : (real)i * sg_from_bits((word)1 << $MANTISSA) * sg_from_bits(
                               ($BIAS + q - 1 - $MANTISSA) << $MANTISSA);
}

//: remainder modulo
/* with the sign of y */
SG_FN real sg_remainder(real x, real y) {
    const real size = sg_modulo(x, y), m = __builtin_copysign$F(size, x);
    if (y != y || m != m) return __builtin_nan$F("");
    if (m == 0) return __builtin_copysign$F(0, y);
    return (m < 0) != (y < 0) ? m + y : m;
}

//: floor_divide modulo floor
SG_FN real sg_floor_divide(real x, real y) {
    if (y == 0) return x / y;
    const real m = __builtin_copysign$F(sg_modulo(x, y), x);
    const real quotient = (x - m) / y;
    const real exact = m != 0 && (m < 0) != (y < 0) ? quotient - 1 : quotient;
    const real down = sg_floor(exact);
    if (exact != exact) return exact;
    return exact == 0 ? __builtin_copysign$F(0, x / y) : exact - down > $HALF ? down + 1 : down;
}
