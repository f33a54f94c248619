/* The table of prebuilt routines, with all of them but the tiles, which take long to compile. */
#include "linear.c"
#include "pool.c"
#include "random.c"

#define ROUTINES(T, S) \
    void sg_gemm_##S(i64 m, i64 n, i64 k, const T *a, i64 am, i64 ak, const T *b, i64 bk, i64 bn, \
                     T *c, i64 cm, i64 cn, i64 add); \
    void sg_copy2_##S(i64 rows, i64 cols, const T *src, i64 sr, i64 sc, T *dst, i64 dr, i64 dc); \
    void sg_rows_##S(i64 m, i64 n, i64 k, const T *a, i64 am, const i64 *ak, const T *b, \
                     const i64 *bk, T *c, i64 cm, i64 add); \
    void sg_dots_##S(i64 m, i64 n, i64 k, i64 rows, const T *a, i64 am, const i64 *ar, \
                     const T *b, const i64 *bn, const i64 *br, T *c, i64 cm, const i64 *cn, \
                     i64 add); \
    i64 sg_inv_##S(i64 n, const T *a, T *out, T *scratch); \
    i64 sg_logdet_##S(i64 n, const T *a, T *sign, T *logabs, T *scratch); \
    void sg_det_##S(i64 n, const T *a, T *out, T *scratch); \
    i64 sg_solve_##S(i64 n, i64 m, const T *a, const T *b, T *x, T *scratch); \
    i64 sg_random_uniform_##S(i64 key, u64 stream, i64 first, i64 count, T *out); \
    i64 sg_random_normal_##S(i64 key, u64 stream, i64 first, i64 count, T *out);
ROUTINES(float, f32)
ROUTINES(double, f64)
i64 sg_random_bits(i64 key, u64 stream, i64 first, i64 count, i64 *out);

#define ENTRIES(S) \
    .gemm_##S = sg_gemm_##S, .copy2_##S = sg_copy2_##S, .rows_##S = sg_rows_##S, \
    .dots_##S = sg_dots_##S, .inv_##S = sg_inv_##S, .logdet_##S = sg_logdet_##S, \
    .det_##S = sg_det_##S, .solve_##S = sg_solve_##S, \
    .random_uniform_##S = sg_random_uniform_##S, .random_normal_##S = sg_random_normal_##S,

const sg_table *sg_library(void) {
    static const sg_table table = {
        ENTRIES(f32) ENTRIES(f64) .wait = sg_wait, .random_bits = sg_random_bits,
    };
    return &table;
}
