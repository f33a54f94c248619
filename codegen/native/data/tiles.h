/* Matrix products and transpositions of one real type, by register tiles in vector extensions.

   Included with REAL (float or double), WIDTH (its bytes), INT (the integer of its width), F(name),
   which adds the suffix, and LOAD_..., STORE_..., the compiler's masked loads and stores.

   Lanes run along n, where C and B have unit stride; A is read entry by entry, so that its strides
   are free. A B without unit stride along n is packed, panel by panel, into a buffer. Strides may be
   0 or negative. */

/* The loops are vectors already, as written: what looks for more in them takes close to half of the
   time to compile and makes nothing faster. */
#ifndef __clang__
#pragma GCC optimize("no-tree-vectorize", "no-tree-slp-vectorize", "no-tree-pre", "no-gcse")
#pragma GCC optimize("no-tree-vrp", "no-thread-jumps", "no-tree-dominator-opts", "no-ivopts")
#pragma GCC optimize("no-tree-scev-cprop", "no-tree-loop-distribute-patterns", "no-tree-reassoc")
#pragma GCC optimize("no-tree-loop-ivcanon", "no-tree-dse", "no-tree-sink", "no-tree-copy-prop")
#pragma GCC optimize("no-tree-ccp", "no-cse-follow-jumps", "no-reorder-blocks", "no-crossjumping")
#endif

#if defined(__AVX512F__)
#define VBYTES 64
#elif defined(__AVX__)
#define VBYTES 32
#else
#define VBYTES 16
#endif

#if defined(__AVX512F__) || defined(__aarch64__)
#define ROWS_1 14 /* rows of a tile that is one vector wide, two, three, four, eight vectors wide */
#define ROWS_2 12
#define ROWS_3 6
#define ROWS_4 6
#define ROWS_8 3
#define BROAD 3 /* vectors at most of tiles where there are more than ROWS_4 rows */
#define WIDEST 16 /* vectors of a single row */
#else
#define ROWS_1 12
#define ROWS_2 6
#define ROWS_3 4
#define ROWS_4 3
#define ROWS_8 1
#define BROAD 2
#define WIDEST 8
#endif

#define LANES (VBYTES / WIDTH)
#define PANEL (65536 / WIDTH)            /* entries of a panel of B, which comes from the L2 cache */
#ifndef INNER_ROWS
#define INNER_ROWS 4 /* so many rows at most are multiplied with lanes along k */
#endif
#define HEIGHT 384                       /* rows of A that are gone through at once */
#define INLINE static inline __attribute__((always_inline))
#define APART __attribute__((noinline)) /* inside of its caller it would not have all registers */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef REAL F(vec) __attribute__((vector_size(VBYTES)));
typedef INT F(ints) __attribute__((vector_size(VBYTES)));
typedef REAL F(loose) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL)), may_alias));
#define vec F(vec)

INLINE vec F(load)(const REAL *p) { return *(const F(loose) *)p; }
INLINE void F(store)(REAL *p, vec v) { *(F(loose) *)p = v; }

/* The first `count` lanes: loads give 0 in the others, stores leave their memory alone. */
#if defined(__AVX512F__)
#define MASKED 1
typedef unsigned short F(mask);
INLINE F(mask) F(first)(i64 count) { return (F(mask))((1u << count) - 1); }
INLINE vec F(load_first)(const void *p, F(mask) m) { return LOAD_512(p, (vec){0}, m); }
INLINE void F(store_first)(void *p, vec v, F(mask) m) { STORE_512(p, v, m); }
#elif defined(__AVX__)
#define MASKED 1
typedef F(ints) F(mask);
INLINE F(mask) F(first)(i64 count) {
    F(ints) m;
    for (i64 i = 0; i < LANES; i++) m[i] = i < count ? -1 : 0;
    return m;
}
INLINE vec F(load_first)(const void *p, F(mask) m) { return LOAD_256(p, m); }
INLINE void F(store_first)(void *p, vec v, F(mask) m) { STORE_256(p, m, v); }
#else
#define MASKED 0
typedef i64 F(mask);
INLINE F(mask) F(first)(i64 count) { return count; }
INLINE vec F(load_first)(const REAL *p, F(mask) m) {
    vec v = {0};
    for (i64 i = 0; i < m; i++) v[i] = p[i];
    return v;
}
INLINE void F(store_first)(REAL *p, vec v, F(mask) m) {
    for (i64 i = 0; i < m; i++) p[i] = v[i];
}
#endif

/* The last lanes of a row of B: memory of a panel is padded; elsewhere lanes behind the last are not
   ours to read. */
INLINE vec F(some)(const REAL *b, F(mask) some) {
    return MASKED ? F(load_first)(b, some) : F(load)(b);
}

/* Keeps a vector in its register: gcc would read it once more for each of a few products, which takes
   as long as they do. */
#ifdef __AVX512F__
#define HOLD(x) __asm__("" : "+v"(x))
#else
#define HOLD(x) (void)0
#endif

/* R x W vectors of C from k entries, one at least, of R rows of A and as many rows of B; the last
   vector has `last` lanes. Tiles of three vectors, and high ones of two, have all of them, since masks
   take time. */
INLINE void F(tile)(const int R, const int W, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b,
                    i64 bk, REAL *c, i64 cm, i64 last, i64 add) {
    const int full = W == 3 || (W == 2 && R > ROWS_4) ? W : W - 1;
    vec sum[ROWS_1][8];
    const F(mask) some = F(first)(last);
    const REAL *a3 = a + 3 * am, *a6 = a + 6 * am, *a9 = a + 9 * am, *a12 = a + 12 * am;
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int w = 0; w < W; w++) sum[r][w] = (vec){0};
    if (add) {
        UNROLL for (int r = 0; r < R; r++) {
            const REAL *from = c + r * cm;
            UNROLL for (int w = 0; w < full; w++) sum[r][w] = F(load)(from + w * LANES);
            if (full < W) sum[r][W - 1] = F(load_first)(from + (W - 1) * LANES, some);
        }
    }
    do {
        vec row[8];
        UNROLL for (int w = 0; w < full; w++) row[w] = F(load)(b + w * LANES);
        if (full < W) row[W - 1] = F(some)(b + (W - 1) * LANES, some);
        UNROLL for (int w = 0; w < W; w++) if (R * W + w < 30) HOLD(row[w]);
        UNROLL for (int r = 0; r < R; r++) {
            const REAL *from = r < 3 ? a : r < 6 ? a3 : r < 9 ? a6 : r < 12 ? a9 : a12;
            const REAL x = from[r % 3 * am];
            UNROLL for (int w = 0; w < W; w++) sum[r][w] += x * row[w];
        }
        a += ak, a3 += ak, a6 += ak, a9 += ak, a12 += ak, b += bk;
    } while (--k > 0);
    UNROLL for (int r = 0; r < R; r++) {
        REAL *to = c + r * cm;
        UNROLL for (int w = 0; w < full; w++) F(store)(to + w * LANES, sum[r][w]);
        if (full < W) F(store_first)(to + (W - 1) * LANES, sum[r][W - 1], some);
    }
}

/* One row of C, from one entry of A at least: where it is narrow, they take turns in several sums,
   since one addition has to wait for the one before. */
INLINE void F(row)(const int W, i64 k, const REAL *a, i64 ak, const REAL *b, i64 bk, REAL *c,
                   i64 last, i64 add) {
    const int PARTS = W > 4 ? 1 : W > 2 ? 2 : 4;
    const F(mask) some = F(first)(last);
    vec sum[4][WIDEST];
    UNROLL for (int s = 0; s < PARTS; s++) UNROLL for (int w = 0; w < W; w++) sum[s][w] = (vec){0};
    if (PARTS == 1 || k >= PARTS) do {
        UNROLL for (int s = 0; s < PARTS; s++) {
            const REAL x = a[s * ak], *from = b + s * bk;
            UNROLL for (int w = 0; w < W - 1; w++) sum[s][w] += x * F(load)(from + w * LANES);
            sum[s][W - 1] += x * F(some)(from + (W - 1) * LANES, some);
        }
        k -= PARTS, a += PARTS * ak, b += PARTS * bk;
    } while (k >= PARTS);
    for (; PARTS > 1 && k > 0; k--, a += ak, b += bk) {
        UNROLL for (int w = 0; w < W - 1; w++) sum[0][w] += *a * F(load)(b + w * LANES);
        sum[0][W - 1] += *a * F(some)(b + (W - 1) * LANES, some);
    }
    UNROLL for (int w = 0; w < W; w++) {
        if (PARTS > 1) sum[0][w] += sum[1][w];
        if (PARTS > 2) sum[0][w] += sum[2][w] + sum[3][w];
    }
    if (add) {
        UNROLL for (int w = 0; w < W - 1; w++) sum[0][w] += F(load)(c + w * LANES);
        sum[0][W - 1] += F(load_first)(c + (W - 1) * LANES, some);
    }
    UNROLL for (int w = 0; w < W - 1; w++) F(store)(c + w * LANES, sum[0][w]);
    F(store_first)(c + (W - 1) * LANES, sum[0][W - 1], some);
}

/* --- shuffles: the two halves of a step that exchanges lanes at a distance d --------------------- */

#define LOW(i, d) ((i) & (d) ? LANES + (i) - (d) : (i))
#define HIGH(i, d) ((i) & (d) ? LANES + (i) : (i) + (d))
#if LANES == 16
#define LIST(P, d) P(0, d), P(1, d), P(2, d), P(3, d), P(4, d), P(5, d), P(6, d), P(7, d), P(8, d), \
    P(9, d), P(10, d), P(11, d), P(12, d), P(13, d), P(14, d), P(15, d)
#elif LANES == 8
#define LIST(P, d) P(0, d), P(1, d), P(2, d), P(3, d), P(4, d), P(5, d), P(6, d), P(7, d)
#elif LANES == 4
#define LIST(P, d) P(0, d), P(1, d), P(2, d), P(3, d)
#else
#define LIST(P, d) P(0, d), P(1, d)
#endif
#ifdef __clang__
#define PICK(x, y, P, d) __builtin_shufflevector(x, y, LIST(P, d))
#else
#define PICK(x, y, P, d) __builtin_shuffle(x, y, (F(ints)){LIST(P, d)})
#endif

INLINE vec F(low)(vec x, vec y, int d) {
    return d == 1 ? PICK(x, y, LOW, 1)
#if LANES > 2
         : d == 2 ? PICK(x, y, LOW, 2)
#endif
#if LANES > 4
         : d == 4 ? PICK(x, y, LOW, 4)
#endif
#if LANES > 8
         : d == 8 ? PICK(x, y, LOW, 8)
#endif
         : x;
}

INLINE vec F(high)(vec x, vec y, int d) {
    return d == 1 ? PICK(x, y, HIGH, 1)
#if LANES > 2
         : d == 2 ? PICK(x, y, HIGH, 2)
#endif
#if LANES > 4
         : d == 4 ? PICK(x, y, HIGH, 4)
#endif
#if LANES > 8
         : d == 8 ? PICK(x, y, HIGH, 8)
#endif
         : x;
}

/* A square block: row i of dst is column i of src. */
INLINE void F(turn)(vec *x) {
    UNROLL for (int d = LANES / 2; d > 0; d /= 2) {
        UNROLL for (int i = 0; i < LANES; i++) {
            if (i & d) continue;
            vec low = F(low)(x[i], x[i + d], d), high = F(high)(x[i], x[i + d], d);
            x[i] = low, x[i + d] = high;
        }
    }
}

static void F(turn_block)(const REAL *src, i64 sc, REAL *dst, i64 dr) {
    vec x[LANES];
    UNROLL for (int i = 0; i < LANES; i++) x[i] = F(load)(src + i * sc);
    F(turn)(x);
    UNROLL for (int i = 0; i < LANES; i++) F(store)(dst + i * dr, x[i]);
}

/* The same for at most LANES columns of dst, of whose rows it takes LANES at most. */
static void F(turn_rest)(i64 rows, i64 cols, const REAL *src, i64 sc, REAL *dst, i64 dr) {
    vec x[LANES];
    const i64 height = rows < LANES ? rows : LANES;
    if (height * cols <= 2 * LANES) { /* one by one takes less than the shuffles of a block */
        for (i64 i = 0; i < height; i++)
            for (i64 j = 0; j < cols; j++) dst[i * dr + j] = src[i + j * sc];
        return;
    }
    const F(mask) some = F(first)(height), other = F(first)(cols);
    UNROLL for (int i = 0; i < LANES; i++)
        x[i] = i < cols ? F(load_first)(src + i * sc, some) : (vec){0};
    F(turn)(x);
    UNROLL for (int i = 0; i < LANES; i++) if (i < height) F(store_first)(dst + i * dr, x[i], other);
}

/* --- copies -------------------------------------------------------------------------------------- */

static void F(copy_rows)(i64 rows, i64 cols, const REAL *src, i64 sr, REAL *dst, i64 dr) {
#if MASKED
    const F(mask) some = F(first)(cols % LANES);
#endif
    for (i64 i = 0; i < rows; i++, src += sr, dst += dr) {
        i64 j = 0;
        for (; j + LANES <= cols; j += LANES) F(store)(dst + j, F(load)(src + j));
#if MASKED
        if (j < cols) F(store_first)(dst + j, F(load_first)(src + j, some), some);
#else
        for (; j < cols; j++) dst[j] = src[j];
#endif
    }
}

static void F(copy_any)(i64 rows, i64 cols, const REAL *src, i64 sr, i64 sc, REAL *dst, i64 dr,
                        i64 dc) {
    for (i64 i = 0; i < rows; i++)
        for (i64 j = 0; j < cols; j++) dst[i * dr + j * dc] = src[i * sr + j * sc];
}

/* dst[i*dr + j] = src[i + j*sc], block by block; at the ends of rows and columns only the lanes
   that are ours to touch. */
static void F(transpose)(i64 rows, i64 cols, const REAL *src, i64 sc, REAL *dst, i64 dr) {
    const i64 r = rows / LANES * LANES, c = cols / LANES * LANES;
    for (i64 i = 0; i < r; i += LANES)
        for (i64 j = 0; j < c; j += LANES)
            F(turn_block)(src + i + j * sc, sc, dst + i * dr + j, dr);
    if (c < cols)
        for (i64 i = 0; i < rows; i += LANES)
            F(turn_rest)(rows - i, cols - c, src + i + c * sc, sc, dst + i * dr + c, dr);
    if (r < rows)
        for (i64 j = 0; j < c; j += LANES)
            F(turn_rest)(rows - r, LANES, src + r + j * sc, sc, dst + r * dr + j, dr);
}

void F(sg_copy2)(i64 rows, i64 cols, const REAL *src, i64 sr, i64 sc, REAL *dst, i64 dr, i64 dc) {
    if (dc != 1 && dr == 1) {
        F(sg_copy2)(cols, rows, src, sc, sr, dst, dc, dr);
    } else if (sc == 1 && dc == 1) {
        F(copy_rows)(rows, cols, src, sr, dst, dr);
    } else if (sr == 1 && dc == 1) {
        F(transpose)(rows, cols, src, sc, dst, dr);
    } else {
        F(copy_any)(rows, cols, src, sr, sc, dst, dr, dc);
    }
}

/* --- tiles by their height and width ------------------------------------------------------------- */

#define KERNEL(R, W) \
    static void F(tile_##R##_##W)(i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk, \
                                  REAL *c, i64 cm, i64 last, i64 add) { \
        F(tile)(R, W, k, a, am, ak, b, bk, c, cm, last, add); \
    }
#define NAME(R, W) [W][R] = F(tile_##R##_##W),
#define ROW(W) \
    static void F(tile_1_##W)(i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk, \
                              REAL *c, i64 cm, i64 last, i64 add) { \
        F(row)(W, k, a, ak, b, bk, c, last, add); \
    }
#define ROW_NAME(W) NAME(1, W)
#define WIDE_NAME(W) [W] = F(tile_1_##W),
#define ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#if WIDEST == 16
#define WIDE_ROWS(X) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
#else
#define WIDE_ROWS(X)
#endif
#define TILES_1(X) X(2, 1) X(2, 2) X(2, 4) X(3, 1) X(3, 2) X(3, 4)
#define TILES_6(X) X(4, 1) X(4, 2) X(5, 1) X(5, 2) X(6, 1) X(6, 2) X(7, 1) X(8, 1) X(10, 1) X(12, 1)
#if ROWS_8 == 3
#define TILES_14(X) \
    X(2, 8) X(3, 8) X(4, 4) X(5, 4) X(6, 4) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 2) X(8, 2) \
    X(10, 2) X(12, 2) X(14, 1)
#else
#define TILES_14(X)
#endif
#define TILES(X) TILES_1(X) TILES_6(X) TILES_14(X)

TILES(KERNEL)
ROWS(ROW)
WIDE_ROWS(ROW)

typedef void F(kernel)(i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk, REAL *c, i64 cm,
                       i64 last, i64 add);
static F(kernel) *const F(kernels)[9][15] = {TILES(NAME) ROWS(ROW_NAME)};
static F(kernel) *const F(row_kernels)[WIDEST + 1] = {ROWS(WIDE_NAME) WIDE_ROWS(WIDE_NAME)};

/* The height of the next tile of m rows: tiles of a panel are nearly equally high, and there is none
   of an odd height above 8. */
static i64 F(height)(int W, i64 m) {
    const i64 most = W == 1   ? ROWS_1
                     : W == 2 ? ROWS_2
                     : W == 3 ? ROWS_3
                     : W <= 4 ? ROWS_4
                              : ROWS_8;
    const i64 parts = (m + most - 1) / most, rows = (m + parts - 1) / parts;
    return rows <= 8 || rows % 2 == 0 ? rows : rows < m ? rows + 1 : (rows + 1) / 2;
}

/* All rows of one panel, W vectors wide. */
static void F(panel)(int W, i64 m, i64 k, const REAL *a, i64 am, i64 ak, int tiled, const REAL *b,
                     i64 bk, REAL *c, i64 cm, i64 last, i64 add) {
    while (m > 0) {
        const i64 rows = F(height)(W, m);
        if (tiled) {
            F(kernels)[W][rows](k, a, 1, rows, b, bk, c, cm, last, add);
            a += rows * k;
        } else {
            F(kernels)[W][rows](k, a, am, ak, b, bk, c, cm, last, add);
            a += rows * am;
        }
        m -= rows, c += rows * cm;
    }
}

/* The rows of A tile by tile, those of a tile side by side. */
static void F(pack_tiles)(int W, i64 m, i64 k, const REAL *a, i64 am, i64 ak, REAL *to) {
    while (m > 0) {
        const i64 rows = F(height)(W, m);
        F(sg_copy2)(k, rows, a, ak, am, to, rows, 1);
        m -= rows, a += rows * am, to += rows * k;
    }
}

/* k rows of `cols` columns of B, side by side with zeros up to `width`. */
static void F(pack_panel)(i64 k, i64 cols, i64 width, const REAL *b, i64 bk, i64 bn, REAL *to) {
    for (i64 p = 0; cols < width && p < k; p++)
        for (i64 j = cols; j < width; j++) to[p * width + j] = 0;
    F(sg_copy2)(k, cols, b, bk, bn, to, width, 1);
}

/* --- products ------------------------------------------------------------------------------------ */

/* Rows of A that lie a multiple of 4 KiB apart share one set of the L1 cache and drive each other out
   before they are read again: they are worth a copy where many columns use it. So are columns that
   leave most sets out. */
INLINE int F(collide)(i64 m, i64 n, i64 k, i64 am, i64 ak) {
    const int rows = n >= 16 * LANES && am % (4096 / WIDTH) == 0;
    return m > ROWS_4 && (rows || (n >= 4 * LANES && k >= 512 && ak % (2048 / WIDTH) == 0));
}

/* Rows of B that begin anywhere in a line of the cache, or of which so many share its sets that the L2
   cache cannot hold a panel beside A: they are worth a copy where many rows of A use it, unless the L2
   cache holds all of B. A row in each step of one way of that cache, 128 KiB, finds its sets empty; it
   has eight ways, and half of them are for A. */
INLINE int F(lie_badly)(i64 m, i64 n, i64 k, i64 depth, i64 bk) {
    const i64 bytes = (bk < 0 ? -bk : bk) * WIDTH, way = 131072, low = bytes & -bytes;
    const int crowd = bytes && depth > 4 * way / (low < way ? low : way);
    return m >= 80 && n * k > (1 << 19) / WIDTH && (crowd || bk % LANES);
}

/* The width of the next panel of high tiles, `most` vectors, where so many whole ones are left; what is
   left of one goes by itself. */
INLINE int F(width)(int most, i64 whole) {
    return whole >= most && whole != 4 ? most : whole > 1 ? 2 : 1;
}

/* Lanes along n. */
static void F(wide)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk,
                    i64 bn, REAL *c, i64 cm, i64 add) {
    REAL panel[PANEL] __attribute__((aligned(64))), tiles[4 * PANEL] __attribute__((aligned(64)));
    const int copied = F(collide)(m, n, k, am, ak);
    /* Tiles of A are copied for panels of full width: columns left over, many of few, go without. */
    const int few = n < 32 * LANES;
    const int broad = k <= PANEL / (BROAD * LANES) || (copied && !few);
    const int most = m <= ROWS_8 ? 8 : m <= ROWS_4 ? 4 : broad ? BROAD : 2;
    const i64 room = (copied && few ? PANEL / 2 : PANEL) / (most * LANES);
    const i64 passes = MASKED && bn == 1 && m <= ROWS_4 ? 1 : (k + room - 1) / room;
    const i64 deep = (k + passes - 1) / passes; /* every pass reads C once more */
    const int packed = bn != 1 || F(lie_badly)(m, n, k, deep, bk);
    const i64 high = copied ? 4 * PANEL / deep : HEIGHT;
    for (i64 p = 0; p < k; p += deep) {
        const i64 depth = k - p < deep ? k - p : deep;
        for (i64 i = 0; i < m; i += high) {
            const i64 height = m - i < high ? m - i : high;
            const REAL *from = a + i * am + p * ak;
            if (copied) F(pack_tiles)(most, height, depth, from, am, ak, tiles);
            for (i64 j = 0; j < n;) {
                const i64 left = (n - j + LANES - 1) / LANES;
                const int fit = m == 1 ? left : left >= 4 ? 4 : left >= 2 ? 2 : 1;
                const int low = left >= most ? most : fit;
                const int W = m > ROWS_4 ? F(width)(most, (n - j) / LANES) : low;
                const int tiled = copied && W == most;
                const i64 cols = n - j < W * LANES ? n - j : W * LANES;
                const i64 last = cols - (W - 1) * LANES;
                const REAL *right = b + p * bk + j * bn;
                i64 step = bk;
                if (packed || (!MASKED && last != LANES)) {
                    F(pack_panel)(depth, cols, W * LANES, right, bk, bn, panel);
                    right = panel, step = W * LANES;
                }
                F(panel)(W, height, depth, tiled ? tiles : from, am, ak, tiled, right, step,
                         c + i * cm + j, cm, last, add || p);
                j += cols;
            }
        }
    }
}

/* One row of C, from rows of B as they lie: the above without its bookkeeping, which takes as long as
   a small matrix. Panels are as wide as registers allow, since memory is read the faster the longer
   its pieces are, and nearly equally wide. Where B is read from its last row on, so are its panels:
   what was read last is still in the L1 cache when the next product goes the other way. */
static void F(one_row)(i64 n, i64 k, const REAL *a, i64 ak, const REAL *b, i64 bk, REAL *c,
                       i64 add) {
    const i64 vecs = (n + LANES - 1) / LANES, panels = (vecs + WIDEST - 1) / WIDEST;
    for (i64 p = 0; p < panels; p++) {
        const i64 at = bk < 0 ? panels - 1 - p : p;
        const i64 first = vecs * at / panels, W = vecs * (at + 1) / panels - first;
        const i64 j = first * LANES, left = n - j - (W - 1) * LANES;
        F(row_kernels)[W](k, a, 0, ak, b + j, bk, c + j, 0, left < LANES ? left : LANES, add);
    }
}

/* Rows of B that begin anywhere in a line of the cache: panels would read the lines at their edges
   twice, so whole rows are read, four at a time, one behind the other. So are those of a matrix that
   the L2 cache cannot hold: long pieces of memory arrive sooner. */
INLINE int F(by_rows)(i64 n, i64 k, i64 bk) {
    return n > WIDEST * LANES && (bk % LANES || k * n > (1 << 20) / WIDTH);
}

INLINE void F(add_rows)(const int R, i64 n, const REAL *a, i64 ak, const REAL *b, i64 bk, REAL *c,
                        i64 add) {
    REAL x[4];
    i64 j = 0;
    UNROLL for (int r = 0; r < R; r++) x[r] = a[r * ak];
    for (; j + LANES <= n; j += LANES) {
        vec sum = add ? F(load)(c + j) : (vec){0};
        UNROLL for (int r = 0; r < R; r++) sum += x[r] * F(load)(b + r * bk + j);
        F(store)(c + j, sum);
    }
    if (j < n) {
        const F(mask) some = F(first)(n - j);
        vec sum = add ? F(load_first)(c + j, some) : (vec){0};
        UNROLL for (int r = 0; r < R; r++) sum += x[r] * F(load_first)(b + r * bk + j, some);
        F(store_first)(c + j, sum, some);
    }
}

/* So many columns at a time that the L1 cache has room for four rows of them and for C, which would
   come from the L2 cache for every four rows otherwise. */
static void F(one_by_rows)(i64 n, i64 k, const REAL *a, i64 ak, const REAL *b, i64 bk, REAL *c,
                           i64 add) {
    const i64 parts = n * WIDTH < 8192 ? 1 : (n * WIDTH + 4096) / 6144;
    const i64 wide = ((n + LANES - 1) / LANES + parts - 1) / parts * LANES;
    for (i64 p = 0; p < parts; p++) {
        const i64 j = (bk < 0 ? parts - 1 - p : p) * wide, cols = n - j < wide ? n - j : wide;
        const REAL *x = a, *y = b + j;
        i64 left = k, more = add;
        for (; left % 4; left--, x += ak, y += bk, more = 1)
            F(add_rows)(1, cols, x, ak, y, bk, c + j, more);
        for (; left > 0; left -= 4, x += 4 * ak, y += 4 * bk, more = 1)
            F(add_rows)(4, cols, x, ak, y, bk, c + j, more);
    }
}

/* COLS entries of a row of C, by vectors along k; a few columns are summed in several parts, since
   one addition has to wait for the one before. */
INLINE void F(inner_tile)(const int COLS, i64 k, const REAL *a, const REAL *b, i64 bn, REAL *c,
                          i64 add) {
    const int PARTS = COLS < 4 ? 4 : COLS < 8 ? 2 : 1;
    const REAL *b4 = b + 4 * bn, *b8 = b + 8 * bn, *b12 = b + 12 * bn;
    vec sum[LANES][4];
    UNROLL for (int q = 0; q < COLS; q++) {
        UNROLL for (int s = 0; s < PARTS; s++) sum[q][s] = (vec){0};
    }
    i64 left = k;
    for (; left >= PARTS * LANES; left -= PARTS * LANES) {
        UNROLL for (int s = 0; s < PARTS; s++) {
            const vec row = F(load)(a + s * LANES);
            UNROLL for (int q = 0; q < COLS; q++) {
                const REAL *from = q < 4 ? b : q < 8 ? b4 : q < 12 ? b8 : b12;
                sum[q][s] += row * F(load)(from + q % 4 * bn + s * LANES);
            }
        }
        a += PARTS * LANES, b += PARTS * LANES;
        b4 += PARTS * LANES, b8 += PARTS * LANES, b12 += PARTS * LANES;
    }
    for (; left > 0; left -= LANES, a += LANES, b += LANES) {
        const F(mask) some = F(first)(left < LANES ? left : LANES);
        const vec row = F(load_first)(a, some);
        UNROLL for (int q = 0; q < COLS; q++) sum[q][0] += row * F(load_first)(b + q * bn, some);
    }
    vec all[LANES];
    UNROLL for (int q = 0; q < COLS; q++) {
        all[q] = sum[q][0];
        if (PARTS > 1) all[q] += sum[q][1];
        if (PARTS > 2) all[q] += sum[q][2] + sum[q][3];
    }
    UNROLL for (int d = 1; d < LANES; d *= 2) {
        UNROLL for (int q = 0; q < COLS; q++) {
            if (q % (2 * d)) continue;
            const vec next = d < COLS ? all[(q + d) % COLS] : all[q];
            all[q] = F(low)(all[q], next, d) + F(high)(all[q], next, d);
        }
    }
    vec before = {0};
    if (add) __builtin_memcpy(&before, c, COLS * WIDTH);
    all[0] += before;
    __builtin_memcpy(c, all, COLS * WIDTH); /* one store: who reads them at once finds them together */
}

#define INNER(COLS) \
    static void F(inner_##COLS)(i64 k, const REAL *a, const REAL *b, i64 bn, REAL *c, i64 add) { \
        F(inner_tile)(COLS, k, a, b, bn, c, add); \
    }
#define INNER_NAME(COLS) [COLS] = F(inner_##COLS),
#if LANES == 2
#define INNERS(X) X(1) X(2)
#elif LANES == 4
#define INNERS(X) X(1) X(2) X(4)
#elif LANES == 8
#define INNERS(X) X(1) X(2) X(4) X(8)
#else
#define INNERS(X) X(1) X(2) X(4) X(8) X(16)
#endif

INNERS(INNER)

typedef void F(inner_kernel)(i64 k, const REAL *a, const REAL *b, i64 bn, REAL *c, i64 add);
static F(inner_kernel) *const F(inner_kernels)[17] = {INNERS(INNER_NAME)};

/* Lanes along k, where A and B have unit stride. For a few rows of A. From the last column on: a
   matrix that was multiplied from its first row to its last before lies in the L1 cache with its
   last rows. Columns that lie multiples of 4 KiB apart share one set of the L1 cache: few at a time. */
static void F(inner)(i64 m, i64 n, i64 k, const REAL *a, i64 am, const REAL *b, i64 bn, REAL *c,
                     i64 cm, i64 add) {
    const i64 most = LANES < 4 || bn % (4096 / WIDTH) ? LANES : 4;
    for (i64 cols = 1, j = n; j > 0;) {
        while (cols < most && (j & cols) == 0) cols *= 2;
        j -= cols;
        for (i64 i = 0; i < m; i++) {
            F(inner_kernels)[cols](k, a + i * am, b + j * bn, bn, c + i * cm + j, add);
        }
        cols = cols < most ? 2 * cols : cols;
    }
}

/* Columns of C from `at` on, fewer than 2*cols. */
static APART void F(last_inner)(i64 cols, i64 at, i64 n, i64 k, const REAL *a, const REAL *b,
                                i64 bn, REAL *c, i64 add) {
    for (; at < n; cols /= 2) {
        if (((n - at) & cols) == 0) continue;
        F(inner_kernels)[cols](k, a, b + at * bn, bn, c + at, add);
        at += cols;
    }
}

/* The same for one row, without the bookkeeping; `up` from the first column on. */
static APART void F(one_inner)(i64 n, i64 k, const REAL *a, const REAL *b, i64 bn, REAL *c, i64 add,
                               int up) {
    const i64 most = LANES < 4 || bn % (4096 / WIDTH) ? LANES : 4;
    const i64 whole = n & -most, step = up ? most : -most, first = up ? 0 : whole - most;
    F(inner_kernel) *const tile = F(inner_kernels)[most];
    const REAL *from = b + first * bn;
    REAL *to = c + first;
    if (!up && whole < n) F(last_inner)(most / 2, whole, n, k, a, b, bn, c, add);
    for (i64 left = whole; left > 0; left -= most, from += step * bn, to += step)
        tile(k, a, from, bn, to, add);
    if (up && whole < n) F(last_inner)(most / 2, whole, n, k, a, b, bn, c, add);
}

/* The same for an A without unit stride, whose rows are copied piece by piece. */
static void F(inner_of_any)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b,
                            i64 bn, REAL *c, i64 cm, i64 add) {
    REAL row[1024];
    if (ak == 1) {
        F(inner)(m, n, k, a, am, b, bn, c, cm, add);
        return;
    }
    for (i64 i = 0; i < m; i++) {
        for (i64 p = 0; p < k; p += 1024) {
            const i64 depth = k - p < 1024 ? k - p : 1024;
            for (i64 q = 0; q < depth; q++) row[q] = a[i * am + (p + q) * ak];
            F(inner)(1, n, depth, row, 0, b + p, bn, c + i * cm, cm, add || p);
        }
    }
}

void F(sg_gemm)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk, i64 bn,
                REAL *c, i64 cm, i64 cn, i64 add);

/* C without a unit stride: block by block through a buffer. */
static void F(scattered)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk,
                         i64 bn, REAL *c, i64 cm, i64 cn, i64 add) {
    REAL block[64 * 64];
    for (i64 i = 0; i < m; i += 64) {
        for (i64 j = 0; j < n; j += 64) {
            const i64 rows = m - i < 64 ? m - i : 64, cols = n - j < 64 ? n - j : 64;
            REAL *to = c + i * cm + j * cn;
            if (add) F(copy_any)(rows, cols, to, cm, cn, block, 64, 1);
            F(sg_gemm)(rows, cols, k, a + i * am, am, ak, b + j * bn, bk, bn, block, 64, 1, add);
            F(copy_any)(rows, cols, block, 64, 1, to, cm, cn);
        }
    }
}

/* Columns that leave much of a vector empty: as many rows of the transposed product, whose blocks are
   turned at the end, and those of A before unless it has unit stride along m. */
INLINE int F(is_narrow)(i64 m, i64 n, i64 k, i64 am, i64 ak, i64 add) {
    const i64 blocks = (m + LANES - 1) / LANES, turned = (am == 1 ? 6 : 6 + k / 3) * LANES;
    return (am == 1 || ak == 1) && !add && n > 1 && n < LANES && (n * k + turned) * blocks < m * k;
}

/* Few rows by a B that lies by columns, whose vectors would be turned for their sake alone: the
   transposed product needs A turned and the result, but fills no vector where m is no multiple of one,
   which takes time without masks in registers. Columns 4 KiB apart would be copied all the same. */
INLINE int F(is_low)(i64 m, i64 n, i64 k, i64 am, i64 ak, i64 bk, i64 bn, i64 add) {
    const i64 empty = (m + LANES - 1) / LANES * LANES - m, turned = m * (am == 1 ? n : n + k);
    return bk == 1 && bn % (4096 / WIDTH) && (am == 1 || ak == 1) && !add && m > INNER_ROWS &&
           m <= 4 * LANES && empty <= (VBYTES == 64 ? LANES / 8 : 0) && 5 * n * k > 6 * turned;
}

/* The transposed product, block by block through a buffer. */
static __attribute__((noinline)) void F(turned)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak,
                                                const REAL *b, i64 bk, i64 bn, REAL *c, i64 cm) {
    enum { room = 65536 / WIDTH, most = 16 * LANES };
    REAL block[room] __attribute__((aligned(64)));
    const i64 longest = m < most ? m : most, step = (longest + LANES - 1) / LANES * LANES;
    const i64 high = room / step;
    for (i64 i = 0; i < m; i += most) {
        const i64 rows = m - i < most ? m - i : most;
        for (i64 j = 0; j < n; j += high) {
            const i64 cols = n - j < high ? n - j : high;
            F(wide)(cols, rows, k, b + j * bn, bn, bk, a + i * am, ak, am, block, step, 0);
            F(sg_copy2)(rows, cols, block, 1, step, c + i * cm + j, cm, 1);
        }
    }
}

void F(sg_gemm)(i64 m, i64 n, i64 k, const REAL *a, i64 am, i64 ak, const REAL *b, i64 bk, i64 bn,
                REAL *c, i64 cm, i64 cn, i64 add) {
    if (m <= 0 || n <= 0) return;
    if (MASKED && m == 1 && k > 0 && bn == 1 && (n == 1 ? bk != 1 : cn == 1)) {
        (F(by_rows)(n, k, bk) ? F(one_by_rows) : F(one_row))(n, k, a, ak, b, bk, c, add);
    } else if (m == 1 && k > 0 && bk == 1 && ak == 1 && bn != 1 && (cn == 1 || cn == -1)) {
        const i64 last = cn < 0 ? n - 1 : 0; /* columns that come from the last one on */
        F(one_inner)(n, k, a, b + last * bn, cn * bn, c - last, add, cn < 0);
    } else if (m > 1 && (n == 1 || (cn != 1 && cm == 1))) {
        F(sg_gemm)(n, m, k, b, bn, bk, a, ak, am, c, cn, cm, add); /* the transposed product */
    } else if (k <= 0) {
        for (i64 i = 0; !add && i < m; i++)
            for (i64 j = 0; j < n; j++) c[i * cm + j * cn] = 0;
    } else if (n > 1 && cn != 1) {
        F(scattered)(m, n, k, a, am, ak, b, bk, bn, c, cm, cn, add);
    } else if (bk == 1 && (bn != 1 || n == 1) && m <= INNER_ROWS) {
        F(inner_of_any)(m, n, k, a, am, ak, b, bn, c, cm, add);
    } else if (F(is_narrow)(m, n, k, am, ak, add) || F(is_low)(m, n, k, am, ak, bk, bn, add)) {
        F(turned)(m, n, k, a, am, ak, b, bk, bn, c, cm);
    } else {
        /* a few last columns take as long as a vector of them: they go by themselves, with lanes
           along the rows or along the sum */
        const i64 rest = m > ROWS_8 && n > LANES ? n % LANES : 0;
        const int inner = bk == 1 && ak == 1 && bn != 1 && k >= LANES;
        const i64 apart = rest == 1 || ((inner || am == 1) && rest <= LANES / 4) ? rest : 0;
        F(wide)(m, n - apart, k, a, am, ak, b, bk, n == 1 ? 1 : bn, c, cm, add);
        b += (n - apart) * bn, c += n - apart;
        if (apart && inner) F(inner)(m, apart, k, a, am, b, bn, c, cm, add);
        else if (apart) F(scattered)(apart, m, k, b, bn, bk, a, ak, am, c, 1, cm, add);
    }
}
