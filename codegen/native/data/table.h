typedef __INT64_TYPE__ i64;
typedef unsigned char u8;

/* Routines that are built once per machine; strides count elements. */
typedef struct sg_table {
    /* C[m,n] = A[m,k] B[k,n], or += with add != 0; nothing overlaps. k = 0 gives zeros. */
    void (*gemm_f32)(i64 m, i64 n, i64 k, const float *a, i64 am, i64 ak,
                     const float *b, i64 bk, i64 bn, float *c, i64 cm, i64 cn, i64 add);
    void (*gemm_f64)(i64 m, i64 n, i64 k, const double *a, i64 am, i64 ak,
                     const double *b, i64 bk, i64 bn, double *c, i64 cm, i64 cn, i64 add);
    /* dst[i*dr + j*dc] = src[i*sr + j*sc] for all i < rows, j < cols */
    void (*copy2_f32)(i64 rows, i64 cols, const float *src, i64 sr, i64 sc,
                      float *dst, i64 dr, i64 dc);
    void (*copy2_f64)(i64 rows, i64 cols, const double *src, i64 sr, i64 sc,
                      double *dst, i64 dr, i64 dc);
    /* Returns when all parts have called it. */
    void (*wait)(void *barrier);
} sg_table;

/* One call of a program: arguments and then outputs in `a`, sizes in `n`, the byte offsets of its
   buffers in `o`, its memory (64-byte aligned) in `w`. `part` of `parts` is the calling thread. */
typedef struct sg_frame {
    void *const *a;
    const i64 *n;
    const i64 *o;
    char *w;
    const sg_table *lib;
    i64 part, parts;
    void *barrier;
    i64 *detail;
} sg_frame;
