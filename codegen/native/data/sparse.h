/* Products with a matrix most of whose entries are zeros, as the derivatives that max pooling hands
   back: what is not zero is collected row by row, then rows of B are added up.

   Included after tiles.h, whose vectors it uses. */

#define COLLECTED (8192 / WIDTH) /* entries that are collected at once: they stay in the L1 cache */

/* The entries of a row that are not zero, NaN among them, and where they stood. Returns how many;
   up to a vector behind them may be written to. */
static i64 F(collect)(i64 k, const REAL *a, INT first, REAL *value, INT *place) {
    i64 count = 0, q = 0;
#if defined(__AVX512F__)
    F(ints) at;
    for (int i = 0; i < LANES; i++) at[i] = first + i;
    for (; q < k; q += LANES, at += LANES) {
        const F(mask) there = F(first)(k - q < LANES ? k - q : LANES);
        const vec v = F(load_first)(a + q, there);
        const F(mask) found = NOT_EQUAL_512(v, (vec){0}, there);
        F(store)(value + count, COMPRESS_512(v, (vec){0}, found));
        F(store)((REAL *)(place + count), COMPRESS_512((vec)at, (vec){0}, found));
        count += __builtin_popcount(found);
    }
#else
    for (; q < k; q++) {
        value[count] = a[q], place[count] = first + (INT)q;
        count += a[q] != 0;
    }
#endif
    return count;
}

/* One row of B times a number, added to W sums; the last has `last` lanes. */
INLINE void F(add_row)(const int W, REAL x, const REAL *b, vec *sum, F(mask) some, i64 last) {
    UNROLL for (int w = 0; w < W - 1; w++) sum[w] += x * F(load)(b + w * LANES);
    sum[W - 1] += x * F(load_last)(b + (W - 1) * LANES, some, last);
}

/* W vectors of so many rows of C. What belongs to row i begins at start[i]. A few vectors are summed
   in two parts, since one addition has to wait for the one before. */
INLINE void F(sparse_tile)(const int W, i64 rows, const i64 *start, const REAL *value,
                           const INT *place, const REAL *b, const i64 *bk, REAL *c, const i64 *cr,
                           i64 last, i64 add) {
    const F(mask) some = F(first)(last);
    for (i64 i = 0; i < rows; i++) {
        REAL *const to = c + cr[i];
        i64 q = start[i];
        vec sum[8], other[8];
        UNROLL for (int w = 0; w < W; w++) sum[w] = other[w] = (vec){0};
        if (add) {
            UNROLL for (int w = 0; w < W - 1; w++) sum[w] = F(load)(to + w * LANES);
            sum[W - 1] = F(load_last)(to + (W - 1) * LANES, some, last);
        }
        for (; W <= 4 && q + 2 <= start[i + 1]; q += 2) {
            F(add_row)(W, value[q], b + bk[place[q]], sum, some, last);
            F(add_row)(W, value[q + 1], b + bk[place[q + 1]], other, some, last);
        }
        for (; q < start[i + 1]; q++) F(add_row)(W, value[q], b + bk[place[q]], sum, some, last);
        UNROLL for (int w = 0; w < W; w++) sum[w] = W <= 4 ? sum[w] + other[w] : sum[w];
        UNROLL for (int w = 0; w < W - 1; w++) F(store)(to + w * LANES, sum[w]);
        F(store_first)(to + (W - 1) * LANES, sum[W - 1], some);
    }
}

typedef void F(sparse_kernel)(i64 rows, const i64 *start, const REAL *value, const INT *place,
                              const REAL *b, const i64 *bk, REAL *c, const i64 *cr, i64 last,
                              i64 add);
#define SPARSE(W) \
    static void F(sparse_##W)(i64 rows, const i64 *start, const REAL *value, const INT *place, \
                              const REAL *b, const i64 *bk, REAL *c, const i64 *cr, i64 last, \
                              i64 add) { \
        F(sparse_tile)(W, rows, start, value, place, b, bk, c, cr, last, add); \
    }
SPARSE(1)
SPARSE(2)
SPARSE(3)
SPARSE(4)
SPARSE(5)
SPARSE(6)
SPARSE(7)
SPARSE(8)
static F(sparse_kernel) *const F(sparse_kernels)[9] = {
    0, F(sparse_1), F(sparse_2), F(sparse_3), F(sparse_4),
    F(sparse_5), F(sparse_6), F(sparse_7), F(sparse_8),
};

/* Rows are taken together as far as there is room for what is collected, and all of them go through
   one piece of B before the next: it stays in the L1 cache. */
void F(sg_sparse)(i64 m, i64 n, i64 k, i64 pieces, const REAL *a, i64 am, const REAL *b,
                  const i64 *bk, const i64 *bp, REAL *c, const i64 *cr, const i64 *cp, i64 add) {
    enum { most = 256 };
    REAL value[COLLECTED + LANES];
    INT place[COLLECTED + LANES];
    i64 start[most + 1];
    for (i64 first = 0; first < k || first == 0; first += COLLECTED) {
        const i64 depth = k - first < COLLECTED ? k - first : COLLECTED;
        for (i64 i = 0, rows; i < m; i += rows) {
            i64 count = 0;
            for (rows = 0; i + rows < m && rows < most && count + depth <= COLLECTED; rows++) {
                start[rows] = count;
                count += F(collect)(depth, a + (i + rows) * am + first, (INT)first, value + count,
                                    place + count);
            }
            start[rows] = count;
            for (i64 p = 0; p < pieces; p++) {
                for (i64 j = 0, cols; j < n; j += cols) {
                    cols = n - j < 8 * LANES ? n - j : 8 * LANES;
                    const i64 W = (cols + LANES - 1) / LANES;
                    F(sparse_kernels)[W](rows, start, value, place, b + bp[p] + j, bk,
                                         c + cp[p] + j, cr + i, cols - (W - 1) * LANES,
                                         add || first);
                }
            }
        }
    }
}
