/* Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011). */
#include "table.h"
#include "vector_math.h"

typedef __UINT32_TYPE__ u32;

#define AT_ONCE 16 /* elements made together, one in each lane */

typedef u32 lanes __attribute__((vector_size(4 * AT_ONCE)));

/* The words of the counters (low, high), which they replace. The same text for vectors and numbers. */
#define THREEFRY(TYPE, k0, k1, low, high) \
    do { \
        const u32 keys[3] = {k0, k1, (k0) ^ (k1) ^ 0x1BD11BDAu}; \
        static const int turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}}; \
        TYPE x = low + keys[0], y = high + keys[1]; \
        _Pragma("GCC unroll 5") for (int group = 0; group < 5; group++) { \
            _Pragma("GCC unroll 4") for (int round = 0; round < 4; round++) { \
                const int by = turns[group % 2][round]; \
                x += y; \
                y = (y << by | y >> (32 - by)) ^ x; \
            } \
            x += keys[(group + 1) % 3]; \
            y += keys[(group + 2) % 3] + (u32)group + 1; \
        } \
        low = x, high = y; \
    } while (0)

static void stream_key(u64 key, u64 stream, u32 *found) {
    u32 low = (u32)stream, high = (u32)(stream >> 32);
    THREEFRY(u32, (u32)key, (u32)(key >> 32), low, high);
    found[0] = low, found[1] = high;
}

/* The two words of the elements first .. first + AT_ONCE - 1 of a stream. */
static __attribute__((noinline)) void words(const u32 *key, u64 first, u32 *w0, u32 *w1) {
    lanes low, high;
    for (int i = 0; i < AT_ONCE; i++) {
        low[i] = (u32)(first + (u64)i);
        high[i] = (u32)((first + (u64)i) >> 32);
    }
    THREEFRY(lanes, key[0], key[1], low, high);
    __builtin_memcpy(w0, &low, sizeof low);
    __builtin_memcpy(w1, &high, sizeof high);
}

/* Box and Muller 1958, the cosine branch. The angle is a quarter turn times the upper two bits, to
   the nearest, and an exact rest, so that no reduction is needed. */
static __attribute__((noinline)) void normals(const u32 *w0, const u32 *w1, double *found) {
    for (int i = 0; i < AT_ONCE; i++) {
        const u32 turn = (w1[i] + (1u << 29)) >> 30;
        const double rest = (double)(int)(w1[i] - (turn << 30)) * (0x1p-31 * 3.141592653589793);
        const double square = -2.0 * sg_log(((double)w0[i] + 0.5) * 0x1p-32);
        found[i] = __builtin_sqrt(square) * sg_wave(rest, turn + 1);
    }
}

#define STREAM(NAME, TYPE, FOUND) \
    i64 sg_random_##NAME(i64 key, u64 stream, i64 first, i64 count, TYPE *out) { \
        u32 pair[2], low[AT_ONCE], high[AT_ONCE]; \
        double found[AT_ONCE] __attribute__((unused)); \
        if (key < 0) return 1; \
        stream_key((u64)key, stream, pair); \
        for (i64 start = 0; start < count; start += AT_ONCE) { \
            const i64 left = count - start < AT_ONCE ? count - start : AT_ONCE; \
            words(pair, (u64)(first + start), low, high); \
            FOUND; \
        } \
        return 0; \
    }
#define EACH(VALUE) for (i64 i = 0; i < left; i++) out[start + i] = VALUE

STREAM(bits, i64, EACH(low[i]))
STREAM(uniform_f32, float, EACH((float)(low[i] >> 8) * 0x1p-24f))
STREAM(uniform_f64, double, EACH((double)(((u64)low[i] << 32 | high[i]) >> 11) * 0x1p-53))
STREAM(normal_f32, float, normals(low, high, found); EACH((float)found[i]))
STREAM(normal_f64, double, normals(low, high, found); EACH(found[i]))

/* Sort words, and whatever belongs to them, stably. */
static void insert_words(u64 *keys, i64 *order, i64 count) {
    for (i64 i = 1; i < count; i++) {
        const u64 word = keys[i];
        const i64 own = order[i];
        i64 at = i;
        for (; at > 0 && keys[at - 1] > word; at--) {
            keys[at] = keys[at - 1], order[at] = order[at - 1];
        }
        keys[at] = word, order[at] = own;
    }
}

/* Sort words stably by a digit of DIGIT bits. */
#define DIGIT 11
static void sort_by_digit(int shift, i64 count, const u64 *keys, const i64 *order, u64 *keys_to,
                          i64 *to) {
    i64 starts[(1 << DIGIT) + 1] = {0};
    const u64 mask = (1 << DIGIT) - 1;
    for (i64 i = 0; i < count; i++) starts[(keys[i] >> shift & mask) + 1]++;
    for (int digit = 0; digit < 1 << DIGIT; digit++) starts[digit + 1] += starts[digit];
    for (i64 i = 0; i < count; i++) {
        const i64 at = starts[keys[i] >> shift & mask]++;
        keys_to[at] = keys[i], to[at] = order[i];
    }
}

/* Stable order of the 64-bit words of a stream. They are sorted by their upper digits, of which there
   are many more than words, so that few words are left out of order. Both arrays have 2 * count
   entries; the order is found in the first half of `order`. */
void sg_permutation(u64 seed, u64 stream, i64 count, u64 *keys, i64 *order) {
    u32 pair[2], low[AT_ONCE], high[AT_ONCE];
    stream_key(seed, stream, pair);
    for (i64 start = 0; start < count; start += AT_ONCE) {
        words(pair, (u64)start, low, high);
        for (i64 i = 0; i < AT_ONCE && start + i < count; i++) {
            keys[start + i] = (u64)low[i] << 32 | high[i];
            order[start + i] = start + i;
        }
    }
    const int digits = count <= 32 ? 0 : count >> (2 * DIGIT - 1) ? 4 : 2;
    for (int left = digits; left; left -= 2) {
        sort_by_digit(64 - left * DIGIT, count, keys, order, keys + count, order + count);
        sort_by_digit(64 - (left - 1) * DIGIT, count, keys + count, order + count, keys, order);
    }
    insert_words(keys, order, count);
}
