/* Products over several axes: the entries along k, or along n, lie at tabled offsets, so that
   convolution needs no copy of its windows.

   Included after tiles.h, whose vectors it uses. */

#if VBYTES == 64 || defined(__aarch64__)
#define NEST_WIDE 4
#else
#define NEST_WIDE 2
#endif

/* Keeps a vector in its register: compilers read it anew from memory wherever it is used, and so many
   loads take longer than the products. */
#if defined(__x86_64__) && !defined(__clang__)
#define HOLD(x) __asm__("" : "+v"(x))
#else
#define HOLD(x) (void)0
#endif

/* The last vector of a row: `some` lanes of it. */
INLINE vec F(load_last)(const REAL *p, F(mask) some, i64 last) {
    return MASKED || last != LANES ? F(load_first)(p, some) : F(load)(p);
}

/* R x W vectors of C: C[i, j] (+)= sum of a[i*am + ak[q]] * b[bk[q] + j] over q < k, and k > 0. */
INLINE void F(rows_tile)(const int R, const int W, i64 k, const REAL *a, i64 am, const i64 *ak,
                         const REAL *b, const i64 *bk, REAL *c, i64 cm, i64 last, i64 add) {
    vec sum[6][4];
    const F(mask) some = F(first)(last);
    const REAL *const a3 = a + 3 * am;
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int w = 0; w < W; w++) sum[r][w] = (vec){0};
    if (add) {
        UNROLL for (int r = 0; r < R; r++) {
            const REAL *from = c + r * cm;
            UNROLL for (int w = 0; w < W - 1; w++) sum[r][w] = F(load)(from + w * LANES);
            sum[r][W - 1] = F(load_last)(from + (W - 1) * LANES, some, last);
        }
    }
    i64 q = 0;
    do {
        const REAL *const from = b + bk[q];
        const i64 at = ak[q];
        vec row[4];
        UNROLL for (int w = 0; w < W - 1; w++) row[w] = F(load)(from + w * LANES);
        row[W - 1] = F(load_last)(from + (W - 1) * LANES, some, last);
        UNROLL for (int r = 0; r < R; r++) {
            const REAL x = (r < 3 ? a : a3)[at + r % 3 * am];
            UNROLL for (int w = 0; w < W; w++) sum[r][w] += x * row[w];
        }
    } while (++q < k);
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int w = 0; w < W - 1; w++) F(store)(c + r * cm + w * LANES, sum[r][w]);
        F(store_first)(c + r * cm + (W - 1) * LANES, sum[r][W - 1], some);
    }
}

/* R x W entries of C from the lanes of as many vectors, of which four are added up together. In one
   place, since it is most of the text of a tile and little of its time. */
static __attribute__((noinline)) void F(add_lanes)(i64 R, i64 W, vec *all, REAL *c, i64 cm,
                                                   const i64 *cn, i64 add) {
    REAL total[24];
    for (i64 i = 0; i < R * W; i += 4, all += 4) {
        UNROLL for (int d = 1; d < LANES; d *= 2) {
            UNROLL for (int q = 0; q < 4; q += 2 * d) {
                const vec next = all[d < 4 ? (q + d) % 4 : q];
                all[q] = F(low)(all[q], next, d) + F(high)(all[q], next, d);
            }
        }
        UNROLL for (int q = 0; q < 4; q++) total[i + q] = all[q / LANES * LANES][q % LANES];
    }
    for (i64 r = 0, i = 0; r < R; r++, c += cm)
        for (i64 w = 0; w < W; w++, i++) c[cn[w]] = add ? c[cn[w]] + total[i] : total[i];
}

/* R x W entries of C: C[i, cn[j]] (+)= sum of a[i*am + ar[p] + q] * b[bn[j] + br[p] + q] over
   p and q. */
INLINE void F(dots_tile)(const int R, const int W, i64 k, i64 rows, const REAL *a, i64 am,
                         const i64 *ar, const REAL *b, const i64 *bn, const i64 *br, REAL *c,
                         i64 cm, const i64 *cn, i64 add) {
    vec sum[6][4], all[24];
    const F(mask) some = F(first)(k % LANES);
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int w = 0; w < W; w++) sum[r][w] = (vec){0};
    for (i64 p = 0; p < rows; p++) {
        const REAL *const x = a + ar[p], *const x3 = x + 3 * am, *y[4];
        UNROLL for (int w = 0; w < W; w++) y[w] = b + br[p] + bn[w];
        for (i64 q = 0; q + LANES <= k; q += LANES) {
            vec other[4];
            UNROLL for (int w = 0; w < W; w++) other[w] = F(load)(y[w] + q);
            UNROLL for (int r = 0; r < R; r++) {
                vec one = F(load)((r < 3 ? x : x3) + r % 3 * am + q);
                HOLD(one);
                UNROLL for (int w = 0; w < W; w++) sum[r][w] += one * other[w];
            }
        }
    }
    for (i64 p = 0, q = k / LANES * LANES; p < rows && q < k; p++) {
        const REAL *const x = a + ar[p] + q, *const y = b + br[p] + q;
        vec other[4];
        UNROLL for (int w = 0; w < W; w++) other[w] = F(load_first)(y + bn[w], some);
        UNROLL for (int r = 0; r < R; r++) {
            const vec one = F(load_first)(x + r * am, some);
            UNROLL for (int w = 0; w < W; w++) sum[r][w] += one * other[w];
        }
    }
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int w = 0; w < W; w++) all[r * W + w] = sum[r][w];
    for (int i = R * W; i % 4; i++) all[i] = (vec){0};
    F(add_lanes)(R, W, all, c, cm, cn, add);
}

#define NEST(R, W) \
    static void F(rows_##R##_##W)(i64 k, const REAL *a, i64 am, const i64 *ak, const REAL *b, \
                                  const i64 *bk, REAL *c, i64 cm, i64 last, i64 add) { \
        F(rows_tile)(R, W, k, a, am, ak, b, bk, c, cm, last, add); \
    } \
    static void F(dots_##R##_##W)(i64 k, i64 rows, const REAL *a, i64 am, const i64 *ar, \
                                  const REAL *b, const i64 *bn, const i64 *br, REAL *c, i64 cm, \
                                  const i64 *cn, i64 add) { \
        F(dots_tile)(R, W, k, rows, a, am, ar, b, bn, br, c, cm, cn, add); \
    }
#define NEST_ROWS(R, W) [W][R] = F(rows_##R##_##W),
#define NEST_DOTS(R, W) [W][R] = F(dots_##R##_##W),
#define NESTS_OF(X, W) X(1, W) X(2, W) X(3, W) X(4, W) X(6, W)
#if NEST_WIDE == 4
#define NESTS(X) NESTS_OF(X, 1) NESTS_OF(X, 4)
#else
#define NESTS(X) NESTS_OF(X, 1) NESTS_OF(X, 2)
#endif

NESTS(NEST)

typedef void F(rows_kernel)(i64 k, const REAL *a, i64 am, const i64 *ak, const REAL *b,
                            const i64 *bk, REAL *c, i64 cm, i64 last, i64 add);
typedef void F(dots_kernel)(i64 k, i64 rows, const REAL *a, i64 am, const i64 *ar, const REAL *b,
                            const i64 *bn, const i64 *br, REAL *c, i64 cm, const i64 *cn, i64 add);
static F(rows_kernel) *const F(rows_kernels)[5][7] = {NESTS(NEST_ROWS)};
static F(dots_kernel) *const F(dots_kernels)[5][7] = {NESTS(NEST_DOTS)};

/* The height of the next tile of so many rows: nearly equal ones, none of five (16 = 6 + 6 + 4). */
static inline i64 F(nest_height)(i64 rest) {
    const i64 parts = (rest + 5) / 6, rows = (rest + parts - 1) / parts;
    return rows != 5 ? rows : rest > 5 ? 6 : 3;
}

/* The width of the next tile where so many vectors, or columns, are left. */
static inline i64 F(nest_width)(i64 left) {
    return left >= NEST_WIDE ? NEST_WIDE : 1;
}

void F(sg_rows)(i64 m, i64 n, i64 k, const REAL *a, i64 am, const i64 *ak, const REAL *b,
                const i64 *bk, REAL *c, i64 cm, i64 add) {
    if (k <= 0) {
        for (i64 i = 0; !add && i < m; i++)
            for (i64 j = 0; j < n; j++) c[i * cm + j] = 0;
        return;
    }
    for (i64 j = 0; j < n;) {
        const i64 left = (n - j + LANES - 1) / LANES, W = F(nest_width)(left);
        const i64 last = left == W && n % LANES ? n % LANES : LANES;
        for (i64 i = 0, R; i < m; i += R) {
            R = F(nest_height)(m - i);
            F(rows_kernels)[W][R](k, a + i * am, am, ak, b + j, bk, c + i * cm + j, cm, last, add);
        }
        j += W * LANES;
    }
}

/* So many entries of each row at a time: what a tile reads of A stays in the L2 cache for all of its
   columns, and its sums are long beside adding up their lanes. */
#define NEST_RUN (32768 / WIDTH)

void F(sg_dots)(i64 m, i64 n, i64 k, i64 rows, const REAL *a, i64 am, const i64 *ar, const REAL *b,
                const i64 *bn, const i64 *br, REAL *c, i64 cm, const i64 *cn, i64 add) {
    const i64 parts = (k + NEST_RUN - 1) / NEST_RUN;
    const i64 deep = parts > 1 ? ((k + parts - 1) / parts + LANES - 1) / LANES * LANES : k;
    const i64 high = parts == 1 ? NEST_RUN / k : 1;
    i64 p = 0;
    do {
        const i64 some = rows - p < high ? rows - p : high;
        i64 q = 0;
        do {
            const i64 run = k - q < deep ? k - q : deep;
            for (i64 i = 0, R; i < m; i += R) {
                R = F(nest_height)(m - i);
                for (i64 j = 0, W; j < n; j += W) {
                    W = F(nest_width)(n - j);
                    F(dots_kernels)[W][R](run, some, a + i * am + q, am, ar + p, b + q, bn + j,
                                          br + p, c + i * cm, cm, cn + j, add);
                }
            }
            add = 1, q += deep;
        } while (q < k);
        p += high;
    } while (p < rows);
}
