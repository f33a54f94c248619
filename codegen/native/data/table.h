/* What emitted kernels and the prebuilt routines agree on. No headers: it stands in every kernel. */
#ifndef SG_TABLE_H
#define SG_TABLE_H
typedef __INT64_TYPE__ i64;
typedef __UINT64_TYPE__ u64;
typedef unsigned char u8;

typedef struct sg_table {
    /* C[m,n] = A[m,k] B[k,n], or C += with `add`; entry (i, j) of A is a[i*am + j*ak]. C overlaps
       neither A nor B. */
    void (*gemm_f32)(i64 m, i64 n, i64 k, const float *a, i64 am, i64 ak, const float *b, i64 bk,
                     i64 bn, float *c, i64 cm, i64 cn, i64 add);
    void (*gemm_f64)(i64 m, i64 n, i64 k, const double *a, i64 am, i64 ak, const double *b, i64 bk,
                     i64 bn, double *c, i64 cm, i64 cn, i64 add);
    /* dst[i*dr + j*dc] = src[i*sr + j*sc] for i < rows, j < cols: copies and transpositions. */
    void (*copy2_f32)(i64 rows, i64 cols, const float *src, i64 sr, i64 sc, float *dst, i64 dr,
                      i64 dc);
    void (*copy2_f64)(i64 rows, i64 cols, const double *src, i64 sr, i64 sc, double *dst, i64 dr,
                      i64 dc);
    /* Until all parts have come. Not 0 when a part has returned with an error: return at once. */
    i64 (*wait)(void *barrier);
    /* One n x n matrix by LU with partial pivoting: 0, or 1 + the column without a pivot.
       `scratch` is aligned to 8 bytes and has n*n + 2*n numbers; logdet of a singular matrix is
       sign 0 and logabs -inf, and returns the column all the same. */
    i64 (*inv_f32)(i64 n, const float *a, float *out, float *scratch);
    i64 (*inv_f64)(i64 n, const double *a, double *out, double *scratch);
    i64 (*logdet_f32)(i64 n, const float *a, float *sign, float *logabs, float *scratch);
    i64 (*logdet_f64)(i64 n, const double *a, double *sign, double *logabs, double *scratch);
    void (*det_f32)(i64 n, const float *a, float *out, float *scratch);
    void (*det_f64)(i64 n, const double *a, double *out, double *scratch);
    i64 (*solve_f32)(i64 n, i64 m, const float *a, const float *b, float *x, float *scratch);
    i64 (*solve_f64)(i64 n, i64 m, const double *a, const double *b, double *x, double *scratch);
    /* Elements first .. first+count-1 of a stream under a key: 0, or 1 for a key below 0. */
    i64 (*random_bits)(i64 key, u64 stream, i64 first, i64 count, i64 *out);
    i64 (*random_uniform_f32)(i64 key, u64 stream, i64 first, i64 count, float *out);
    i64 (*random_uniform_f64)(i64 key, u64 stream, i64 first, i64 count, double *out);
    i64 (*random_normal_f32)(i64 key, u64 stream, i64 first, i64 count, float *out);
    i64 (*random_normal_f64)(i64 key, u64 stream, i64 first, i64 count, double *out);
    /* Products along tables of offsets, for convolution. Rows: C[i*cm + j] (+)= the sum over q < k
       of A[i*am + ak[q]] * B[bk[q] + j]. Dots: C[i*cm + cn[j]] (+)= the sum over p < rows, q < k
       of A[i*am + ar[p] + q] * B[bn[j] + br[p] + q]. */
    void (*rows_f32)(i64 m, i64 n, i64 k, const float *a, i64 am, const i64 *ak, const float *b,
                     const i64 *bk, float *c, i64 cm, i64 add);
    void (*rows_f64)(i64 m, i64 n, i64 k, const double *a, i64 am, const i64 *ak, const double *b,
                     const i64 *bk, double *c, i64 cm, i64 add);
    void (*dots_f32)(i64 m, i64 n, i64 k, i64 rows, const float *a, i64 am, const i64 *ar,
                     const float *b, const i64 *bn, const i64 *br, float *c, i64 cm, const i64 *cn,
                     i64 add);
    void (*dots_f64)(i64 m, i64 n, i64 k, i64 rows, const double *a, i64 am, const i64 *ar,
                     const double *b, const i64 *bn, const i64 *br, double *c, i64 cm, const i64 *cn,
                     i64 add);
    /* The same rows where most entries of A are 0, which are passed over: C[cr[i] + cp[p] + j] (+)=
       the sum over q < k of A[i*am + q] * B[bk[q] + bp[p] + j], for p < pieces. With `add` rows of C
       may overlap. */
    void (*sparse_f32)(i64 m, i64 n, i64 k, i64 pieces, const float *a, i64 am, const float *b,
                       const i64 *bk, const i64 *bp, float *c, const i64 *cr, const i64 *cp,
                       i64 add);
    void (*sparse_f64)(i64 m, i64 n, i64 k, i64 pieces, const double *a, i64 am, const double *b,
                       const i64 *bk, const i64 *bp, double *c, const i64 *cr, const i64 *cp,
                       i64 add);
} sg_table;

typedef struct sg_frame {
    void *const *a;      /* the arguments in order, then the outputs */
    const i64 *n;        /* the values of the symbolic sizes */
    const i64 *o;        /* byte offsets of the buffers in the arena */
    char *w;             /* the arena, aligned to 64 bytes */
    const sg_table *lib; /* prebuilt routines */
    i64 part, parts;     /* this thread, and how many there are */
    void *barrier;       /* for lib->wait */
    i64 *detail;         /* four numbers about an error */
} sg_frame;

#endif
