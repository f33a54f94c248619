/* Offsets for buffers of these sizes, the largest first: each takes the lowest place that is free
   during its whole life, from step `first` to step `last`. Returns the bytes of all. */
static i64 sg_place(i64 count, const int *first, const int *last, const i64 *bytes, i64 *offset)
{
    i64 total = 0;
    for (i64 k = 0; k < count; k++) offset[k] = -1;
    for (i64 done = 0; done < count; done++) {
        i64 next = -1, at = 0, moved = 1;
        for (i64 k = 0; k < count; k++)
            if (offset[k] < 0 && (next < 0 || bytes[k] > bytes[next])) next = k;
        while (moved) {
            moved = 0;
            for (i64 k = 0; k < count; k++) {
                if (offset[k] < 0 || first[k] > last[next] || last[k] < first[next]) continue;
                if (offset[k] < at + bytes[next] && at < offset[k] + bytes[k]) {
                    at = offset[k] + bytes[k];
                    moved = 1;
                }
            }
        }
        offset[next] = at;
        if (at + bytes[next] > total) total = at + bytes[next];
    }
    return total;
}
