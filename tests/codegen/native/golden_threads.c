/* step: x1: x(N, 4), x2: y(N,), p1: w(4,), p2: b() */

static i64 step_1(const sg_frame *f)
{
    const i64 n1 = f->n[0];
    (void)n1;
    const i64 part = f->part, parts = f->parts;
    double *const g1 = (void *)(f->w + f->o[3]);
    double *const g2 = (void *)(f->w + f->o[4]);
    double *const g3 = (void *)(f->w + f->o[5]);
    double *const b1 = (void *)(f->w + f->o[6]);
    const double *const x1 = f->a[0];
    double *const p1 = f->a[2];
    double *const p2 = f->a[3];
    const double *const x2 = f->a[1];
    SG_CLEAR(g1 + part * 16, 1);
    SG_CLEAR(g2 + part * 16, 1);
    SG_CLEAR(g3 + part * 16, 4);
    for (i64 t1 = SG_FROM(n1), t2 = 0; t1 < SG_TO(n1); t1 = t2) {  /* 21840 at a time, which the cache holds */
        t2 = SG_TO(n1) - t1 <= 32760 ? SG_TO(n1) : t1 + 21840;
        double *const h1 = b1 + (part * 32760 - t1);
        double *const h2 = b1 + (part * 32760 - t1);
        double *const d1 = b1 + (part * 32760 - t1);
        /* --- forward */
        f->lib->gemm_f64(t2 - t1, 1, 4, x1 + t1 * (4), 4, 1, p1, 1, 1, h1 + t1 * (1), 1, 1, 0);  /* x @ w, (N,) */
        const double q1 = p2[0];
        SG_INDEPENDENT
        for (i64 i0 = t1; i0 < t2; i0++) {
            const double v1 = h1[i0] + q1;  /* out = h1 + b, (N,) */
            const double v2 = v1 - x2[i0];  /* out - y, (N,) */
            h2[i0] = v2;
        }
        f->lib->gemm_f64(1, 1, t2 - t1, h2 + t1 * (1), 1, 1, h2 + t1 * (1), 1, 1, g1 + part * 16, 1, 1, 1);  /* sum(...), () */
        /* --- backward */
        double v5 = 0.0;  /* sum(...), () */
        SG_REDUCES(reduction(+:v5))
        for (i64 i0 = t1; i0 < t2; i0++) {
            const double v4 = ((double)2 / n1) * h2[i0];  /* 2*...*h2, (N,) */
            d1[i0] = v4;
            v5 += v4;
        }
        g2[part * 16] += v5;
        f->lib->gemm_f64(4, 1, t2 - t1, x1 + t1 * (4), 1, 4, d1 + t1 * (1), 1, 1, g3 + part * 16, 1, 1, 1);  /* x.T @ d1, (4,) */
    }
    if (f->lib->wait(f->barrier)) return -1;
    /* --- forward */
    double *const h3 = (void *)(f->w + f->o[0]);
    if (part == 0) {
        SG_ADD_UP(h3, g1, 16, 0, 0, 1);
    }
    double *const y1 = f->a[4];
    if (part == 0) {
        const double v3 = h3[0] / n1;  /* loss = h3/N, () */
        y1[0] = v3;
    }
    /* --- backward */
    double *const d2 = (void *)(f->w + f->o[1]);
    if (part == 0) {
        SG_ADD_UP(d2, g2, 16, 0, 0, 1);
    }
    double *const d3 = (void *)(f->w + f->o[2]);
    SG_ADD_UP(d3, g3, 16, 0, SG_FROM(4), SG_TO(4) - SG_FROM(4));
    /* --- update */
    SG_INDEPENDENT
    for (i64 i0 = SG_FROM(4); i0 < SG_TO(4); i0++) {
        const double v7 = 0.5 * d3[i0];  /* 0.5*d3, (4,) */
        const double v8 = p1[i0] - v7;  /* w - ..., (4,) */
        p1[i0] = v8;
    }
    double *const u1 = (void *)(f->w + f->o[1]);
    if (part == 0) {
        const double v9 = 0.5 * d2[0];  /* 0.5*d2, () */
        const double v10 = p2[0] - v9;  /* b - ..., () */
        u1[0] = v10;
    }
    if (part == 0) {
        p2[0] = u1[0];  /* b */
    }
    return 0;
}

