/* Running a kernel by several threads, and the functions of the table. */
#ifndef SG_POOL_H
#define SG_POOL_H
#include "table.h"

typedef i64 sg_kernel(const sg_frame *frame);

i64 sg_wait(void *barrier);
/* Something that every part does a share of. */
typedef void sg_task(void *given, i64 part, i64 parts);
/* By frame->parts threads, or by as many as the machine gives; the first site that is not 0. */
i64 sg_run(sg_kernel *run, const sg_frame *frame);
/* The same, when all have done their shares of a task. */
i64 sg_run_after(sg_task *before, void *given, sg_kernel *run, const sg_frame *frame);
sg_table *sg_library(void); /* the loader adds tiles */
void sg_permutation(u64 seed, u64 stream, i64 count, u64 *keys, i64 *order);

#endif
