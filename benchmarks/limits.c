/* What bounds loops besides multiply-adds of numbers at hand: those of numbers that must be loaded,
   memory, divisions, square roots; and a clock to tell. */
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
enum { LANES = BYTES / sizeof(REAL), ENTRIES = 1024 };
typedef REAL vector __attribute__((vector_size(BYTES)));

#if defined(__AVX512F__)
enum { ROWS = 14, COLUMNS = 2 };
#else
enum { ROWS = 6, COLUMNS = 2 };
#endif
#define EACH(i, n) _Pragma("GCC unroll 14") for (int i = 0; i < n; i++)

/* Multiply-adds of a product of matrices: every step loads numbers of as many rows and some vectors,
   as few as registers allow. Gives the operations of one step. */
long multiply(long count, const REAL *a, const vector *b, REAL *result)
{
    vector sum[ROWS][COLUMNS], total = {0};
    EACH(r, ROWS) EACH(c, COLUMNS) sum[r][c] = total;
    for (; count > 0; count--) {
        __asm__ volatile("" ::: "memory");
        EACH(r, ROWS) EACH(c, COLUMNS) sum[r][c] += a[r] * b[c];
    }
    EACH(r, ROWS) EACH(c, COLUMNS) total += sum[r][c];
    *result = total[0];
    return 2L * ROWS * COLUMNS * LANES;
}

unsigned long long ticks(void) { return __builtin_ia32_rdtsc(); }

/* Reads so many bytes, a multiple of 512, again and again. */
void read_memory(long count, const vector *from, long bytes, REAL *result)
{
    vector sum[8] = {0};
    for (; count > 0; count--) {
        for (long i = 0; i < bytes / BYTES; i += 8)
            _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) sum[k] += from[i + k];
        __asm__ volatile("" ::: "memory");
    }
    for (int k = 1; k < 8; k++) sum[0] += sum[k];
    *result = sum[0][0];
}

#define LOOP(name, value) \
    void name(long count, REAL *restrict to, const REAL *restrict from) \
    { \
        for (; count > 0; count--) { \
            for (int i = 0; i < ENTRIES; i++) to[i] = value; \
            __asm__ volatile("" ::: "memory"); \
        } \
    }
LOOP(divide, 2 / from[i])
LOOP(root, (REAL)__builtin_sqrt(from[i]))
