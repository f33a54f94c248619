/* LU with partial pivoting for one real type, and what follows from it: inverse, determinant,
   solution. Included with REAL and F(name). For small dense matrices, row by row. */

static REAL F(size)(REAL x) { return x < 0 ? -x : x; }

/* In place: unit lower and upper factor of the rows in the order `order`; 0, or 1 + the column in
   which no entry but 0 is left. NaN is a pivot like any other and spreads. */
static i64 F(factor)(i64 n, REAL *lu, i64 *order, i64 *swaps) {
    *swaps = 0;
    for (i64 i = 0; i < n; i++) order[i] = i;
    for (i64 c = 0; c < n; c++) {
        i64 best = c;
        for (i64 i = c + 1; i < n; i++)
            if (F(size)(lu[i * n + c]) > F(size)(lu[best * n + c])) best = i;
        if (lu[best * n + c] == 0) return c + 1;
        if (best != c) {
            for (i64 j = 0; j < n; j++) {
                const REAL x = lu[c * n + j];
                lu[c * n + j] = lu[best * n + j], lu[best * n + j] = x;
            }
            const i64 row = order[c];
            order[c] = order[best], order[best] = row;
            ++*swaps;
        }
        for (i64 i = c + 1; i < n; i++) {
            const REAL times = lu[i * n + c] /= lu[c * n + c];
            for (i64 j = c + 1; j < n; j++) lu[i * n + j] -= times * lu[c * n + j];
        }
    }
    return 0;
}

/* The factors of a copy of `a` in scratch: the order of its rows, then the matrix. */
static __attribute__((noinline)) i64 F(factors)(i64 n, const REAL *a, REAL *scratch, REAL **lu,
                                                i64 **order, i64 *swaps) {
    *order = (i64 *)scratch;
    *lu = scratch + n * (i64)(sizeof(i64) / sizeof(REAL));
    for (i64 i = 0; i < n * n; i++) (*lu)[i] = a[i];
    return F(factor)(n, *lu, *order, swaps);
}

/* x, which holds the right-hand sides in the order of the rows, becomes the solution. */
static __attribute__((noinline)) void F(substitute)(i64 n, i64 m, const REAL *lu, REAL *x) {
    for (i64 i = 0; i < n; i++)
        for (i64 c = 0; c < i; c++)
            for (i64 j = 0; j < m; j++) x[i * m + j] -= lu[i * n + c] * x[c * m + j];
    for (i64 i = n - 1; i >= 0; i--) {
        for (i64 c = i + 1; c < n; c++)
            for (i64 j = 0; j < m; j++) x[i * m + j] -= lu[i * n + c] * x[c * m + j];
        for (i64 j = 0; j < m; j++) x[i * m + j] /= lu[i * n + i];
    }
}

i64 F(sg_solve)(i64 n, i64 m, const REAL *a, const REAL *b, REAL *x, REAL *scratch) {
    i64 swaps, *order;
    REAL *lu;
    const i64 column = F(factors)(n, a, scratch, &lu, &order, &swaps);
    if (column) return column;
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < m; j++) x[i * m + j] = b[order[i] * m + j];
    F(substitute)(n, m, lu, x);
    return 0;
}

i64 F(sg_inv)(i64 n, const REAL *a, REAL *out, REAL *scratch) {
    i64 swaps, *order;
    REAL *lu;
    const i64 column = F(factors)(n, a, scratch, &lu, &order, &swaps);
    if (column) return column;
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < n; j++) out[i * n + j] = order[i] == j;
    F(substitute)(n, n, lu, out);
    return 0;
}

i64 F(sg_logdet)(i64 n, const REAL *a, REAL *sign, REAL *logabs, REAL *scratch) {
    i64 swaps, *order;
    REAL *lu;
    const i64 column = F(factors)(n, a, scratch, &lu, &order, &swaps);
    double total = column ? -__builtin_inf() : 0;
    int odd = (int)(swaps & 1);
    for (i64 i = 0; i < n && !column; i++) {
        const REAL pivot = lu[i * n + i];
        odd ^= pivot < 0;
        total += log(pivot < 0 ? -pivot : pivot);
    }
    *sign = column ? 0 : odd ? -1 : 1;
    *logabs = (REAL)total;
    return column;
}

void F(sg_det)(i64 n, const REAL *a, REAL *out, REAL *scratch) {
    i64 swaps, *order;
    REAL *lu;
    if (F(factors)(n, a, scratch, &lu, &order, &swaps)) {
        *out = 0;
        return;
    }
    REAL product = swaps & 1 ? -1 : 1;
    for (i64 i = 0; i < n; i++) product *= lu[i * n + i];
    *out = product;
}
