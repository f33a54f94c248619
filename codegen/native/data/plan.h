/* Offsets for buffers, of which number k has bytes[size[k]], the largest first: each takes the
   lowest place that is free during its whole life, from step `first` to step `last`. Returns the
   bytes of all. Called once for given sizes, so that compilers need not take long over it. */
#ifdef __clang__
#define SG_ONCE __attribute__((cold))
#else
#define SG_ONCE __attribute__((cold, optimize("O0")))
#endif
static SG_ONCE i64 sg_place(i64 count, const int *first, const int *last, const int *size,
                            const i64 *bytes, i64 *offset)
{
    i64 total = 0;
    for (i64 k = 0; k < count; k++) offset[k] = -1;
    for (i64 done = 0; done < count; done++) {
        i64 next = -1, at = 0, moved = 1;
        for (i64 k = 0; k < count; k++)
            if (offset[k] < 0 && (next < 0 || bytes[size[k]] > bytes[size[next]])) next = k;
        while (moved) {
            moved = 0;
            for (i64 k = 0; k < count; k++) {
                if (offset[k] < 0 || first[k] > last[next] || last[k] < first[next]) continue;
                if (offset[k] < at + bytes[size[next]] && at < offset[k] + bytes[size[k]]) {
                    at = offset[k] + bytes[size[k]];
                    moved = 1;
                }
            }
        }
        offset[next] = at;
        if (at + bytes[size[next]] > total) total = at + bytes[size[next]];
    }
    return total;
}
