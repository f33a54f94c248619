/* As many fused multiply-adds as a core can do: twelve chains of vectors that wait for nobody. */
#ifndef REAL
#define REAL float
#endif
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define ALL(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
enum { CHAINS = 12, LANES = BYTES / sizeof(REAL) };
typedef REAL vector __attribute__((vector_size(BYTES)));

/* Runs `count` rounds and gives the operations of one round. */
long peak(long count, REAL *result)
{
    const vector zero = {0};
    const vector factor = zero + (REAL)0.999, term = zero + (REAL)0.001;
#define START(k) vector chain##k = zero + (REAL)k;
    ALL(START)
    for (long n = 0; n < count; n++) {
#define STEP(k) chain##k = chain##k * factor + term;
        ALL(STEP)
    }
    vector total = zero;
#define ADD(k) total += chain##k;
    ALL(ADD)
    *result = total[0];
    return 2L * CHAINS * LANES;
}
