/* The table of prebuilt routines, with all of them but the tiles, which take long to compile: they
   are libraries of their own, which the loader takes when a kernel calls them. */
#include "linear.c"
#include "pool.c"
#include "random.c"

#define ROUTINES(T, S) \
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
    .inv_##S = sg_inv_##S, .logdet_##S = sg_logdet_##S, .det_##S = sg_det_##S, \
    .solve_##S = sg_solve_##S, \
    .random_uniform_##S = sg_random_uniform_##S, .random_normal_##S = sg_random_normal_##S,

sg_table *sg_library(void) {
    static sg_table table = {
        ENTRIES(f32) ENTRIES(f64) .wait = sg_wait, .random_bits = sg_random_bits,
    };
    return &table;
}
