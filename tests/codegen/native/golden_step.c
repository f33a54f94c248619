/* step: x1: x(N, 4), x2: y(N,), p1: w(4,), p2: b() */

static i64 step_1(const sg_frame *f)
{
    const i64 n1 = f->n[0];
    (void)n1;
    /* --- forward */
    const double *const x1 = f->a[0];
    double *const p1 = f->a[2];
    double *const h1 = (void *)(f->w + f->o[0]);
    f->lib->gemm_f64(n1, 1, 4, x1, 4, 1, p1, 1, 1, h1, 1, 1, 0);  /* x @ w, (N,) */
    double *const p2 = f->a[3];
    const double q1 = p2[0];
    const double *const x2 = f->a[1];
    double *const h2 = (void *)(f->w + f->o[0]);
    SG_INDEPENDENT
    for (i64 i0 = 0; i0 < n1; i0++) {
        const double v1 = h1[i0] + q1;  /* out = h1 + b, (N,) */
        const double v2 = v1 - x2[i0];  /* out - y, (N,) */
        h2[i0] = v2;
    }
    double *const h3 = (void *)(f->w + f->o[1]);
    f->lib->gemm_f64(1, 1, n1, h2, 1, 1, h2, 1, 1, h3, 1, 1, 0);  /* sum(...), () */
    const double v3 = h3[0] / n1;  /* loss = h3/N, () */
    double *const y1 = f->a[4];
    y1[0] = v3;
    /* --- backward */
    double v5 = 0.0;  /* sum(...), () */
    double *const d1 = (void *)(f->w + f->o[0]);
    SG_REDUCES(reduction(+:v5))
    for (i64 i0 = 0; i0 < n1; i0++) {
        const double v4 = ((double)2 / n1) * h2[i0];  /* 2*...*h2, (N,) */
        d1[i0] = v4;
        v5 += v4;
    }
    double d2[1];
    d2[0] = v5;
    double *const d3 = (void *)(f->w + f->o[2]);
    f->lib->gemm_f64(4, 1, n1, x1, 1, 4, d1, 1, 1, d3, 1, 1, 0);  /* x.T @ d1, (4,) */
    /* --- update */
    SG_INDEPENDENT
    for (i64 i0 = 0; i0 < 4; i0++) {
        const double v7 = 0.5 * d3[i0];  /* 0.5*d3, (4,) */
        const double v8 = p1[i0] - v7;  /* w - ..., (4,) */
        p1[i0] = v8;
    }
    const double v9 = 0.5 * d2[0];  /* 0.5*d2, () */
    const double v10 = p2[0] - v9;  /* b - ..., () */
    double u1[1];
    u1[0] = v10;
    p2[0] = u1[0];  /* b */
    return 0;
}

