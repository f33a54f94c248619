/* Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011). */
#include <math.h>

#include "table.h"

typedef __UINT32_TYPE__ u32;

#define AT_ONCE 64 /* elements made together, in vector lanes */

static inline u32 turned(u32 x, int by) { return x << by | x >> (32 - by); }

/* The words of the counters (low[i], high[i]); they replace the counters. */
static inline void threefry(u32 k0, u32 k1, u32 *low, u32 *high, int count) {
    const u32 keys[3] = {k0, k1, k0 ^ k1 ^ 0x1BD11BDAu};
    static const int turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    for (int i = 0; i < count; i++) low[i] += k0, high[i] += k1;
    for (int group = 0; group < 5; group++) {
        for (int round = 0; round < 4; round++) {
            const int by = turns[group % 2][round];
            for (int i = 0; i < count; i++) {
                low[i] += high[i];
                high[i] = turned(high[i], by) ^ low[i];
            }
        }
        const u32 x = keys[(group + 1) % 3], y = keys[(group + 2) % 3] + (u32)group + 1;
        for (int i = 0; i < count; i++) low[i] += x, high[i] += y;
    }
}

/* The two words of the elements first .. first + AT_ONCE - 1 of a stream. */
static __attribute__((noinline)) void words(const u32 *key, u64 first, u32 *low, u32 *high) {
    for (int i = 0; i < AT_ONCE; i++) {
        low[i] = (u32)(first + (u64)i);
        high[i] = (u32)((first + (u64)i) >> 32);
    }
    threefry(key[0], key[1], low, high, AT_ONCE);
}

static void stream_key(u64 key, u64 stream, u32 *found) {
    found[0] = (u32)stream, found[1] = (u32)(stream >> 32);
    threefry((u32)key, (u32)(key >> 32), found, found + 1, 1);
}

#define STREAM(NAME, TYPE, VALUE) \
    i64 sg_random_##NAME(i64 key, u64 stream, i64 first, i64 count, TYPE *out) { \
        u32 pair[2], low[AT_ONCE], high[AT_ONCE]; \
        if (key < 0) return 1; \
        stream_key((u64)key, stream, pair); \
        for (i64 start = 0; start < count; start += AT_ONCE) { \
            const i64 left = count - start < AT_ONCE ? count - start : AT_ONCE; \
            words(pair, (u64)(first + start), low, high); \
            for (i64 i = 0; i < left; i++) out[start + i] = (TYPE)(VALUE(low[i], high[i])); \
        } \
        return 0; \
    }

#define BITS(w0, w1) (w0)
#define SHORT_UNIFORM(w0, w1) ((float)((w0) >> 8) * 0x1p-24f)
#define UNIFORM(w0, w1) ((double)(((u64)(w0) << 32 | (w1)) >> 11) * 0x1p-53)
/* Box and Muller 1958, the cosine branch */
#define NORMAL(w0, w1) \
    (sqrt(-2.0 * log(((double)(w0) + 0.5) * 0x1p-32)) \
     * cos(2.0 * 3.141592653589793 * ((double)(w1) * 0x1p-32)))

STREAM(bits, i64, BITS)
STREAM(uniform_f32, float, SHORT_UNIFORM)
STREAM(uniform_f64, double, UNIFORM)
STREAM(normal_f32, float, NORMAL)
STREAM(normal_f64, double, NORMAL)

/* Stable order of the 64-bit words of a stream, by their bytes from the lowest up. Both arrays have
   2 * count entries; the order is found in the first half of `order`. */
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
    if (count <= 32) {
        for (i64 i = 1; i < count; i++) {
            const u64 word = keys[i];
            i64 at = i;
            for (; at > 0 && keys[at - 1] > word; at--) {
                keys[at] = keys[at - 1], order[at] = order[at - 1];
            }
            keys[at] = word, order[at] = i;
        }
        return;
    }
    u64 *keys_from = keys, *keys_to = keys + count;
    i64 *from = order, *to = order + count;
    for (int shift = 0; shift < 64; shift += 8) {
        i64 starts[257] = {0};
        for (i64 i = 0; i < count; i++) starts[(keys_from[i] >> shift & 255) + 1]++;
        for (int digit = 0; digit < 256; digit++) starts[digit + 1] += starts[digit];
        for (i64 i = 0; i < count; i++) {
            const i64 at = starts[keys_from[i] >> shift & 255]++;
            keys_to[at] = keys_from[i], to[at] = from[i];
        }
        u64 *const keys_now = keys_to;
        i64 *const now = to;
        keys_to = keys_from, keys_from = keys_now;
        to = from, from = now;
    }
}
