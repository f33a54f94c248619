/* Threads that run one kernel together, and the barrier at which its parts meet. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "pool.h"

/* After so many turns a waiting thread gives its time away: on a busy machine the one that it waits
   for may need this very core. */
#define TURNS 2000

static inline void pause_a_little(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

struct barrier {
    i64 parts;
    atomic_long came;
    atomic_long round;
    atomic_int failed;
};

i64 sg_wait(void *given) {
    struct barrier *at = given;
    if (at == NULL) return 0;
    const long round = atomic_load_explicit(&at->round, memory_order_acquire);
    if (atomic_fetch_add(&at->came, 1) + 1 == at->parts) {
        atomic_store(&at->came, 0);
        atomic_fetch_add(&at->round, 1);
        return atomic_load(&at->failed);
    }
    for (long turn = 0; atomic_load_explicit(&at->round, memory_order_acquire) == round; turn++) {
        if (atomic_load_explicit(&at->failed, memory_order_relaxed)) return 1;
        if (turn < TURNS) pause_a_little();
        else sched_yield();
    }
    return atomic_load(&at->failed);
}

#define MOST 64
#define STACK (2 << 20) /* products keep 400 KiB on it, which is all that some systems give threads */

struct worker {
    pthread_t thread;
    atomic_long asked; /* the number of jobs that it was given */
    const sg_frame *frame;
    sg_kernel *run;
    sg_task *before;
    void *given;
    i64 site;
};

static struct {
    pthread_mutex_t whole; /* one kernel at a time */
    pthread_mutex_t sleep;
    pthread_cond_t wake;
    atomic_long done;
    i64 workers;
    struct worker worker[MOST];
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, {{0}}};

static void finish(struct barrier *at, i64 site) {
    if (site) atomic_store(&at->failed, 1);
}

/* One part of a kernel, and before it of a task that all parts have done when it begins. */
static i64 run_part(sg_task *before, void *given, sg_kernel *run, const sg_frame *frame) {
    if (before) {
        before(given, frame->part, frame->parts);
        sg_wait(frame->barrier);
    }
    const i64 site = run(frame);
    if (frame->barrier) finish(frame->barrier, site);
    return site;
}

static void *work(void *given) {
    struct worker *self = given;
    for (long job = 0;; job++) {
        for (long turn = 0; atomic_load_explicit(&self->asked, memory_order_acquire) == job;) {
            if (++turn < 20 * TURNS) {
                pause_a_little();
                continue;
            }
            pthread_mutex_lock(&pool.sleep);
            while (atomic_load(&self->asked) == job) pthread_cond_wait(&pool.wake, &pool.sleep);
            pthread_mutex_unlock(&pool.sleep);
        }
        self->site = run_part(self->before, self->given, self->run, self->frame);
        atomic_fetch_add(&pool.done, 1);
    }
    return NULL;
}

/* After a fork the threads are gone, and whoever held a lock with them. */
static void forget(void) {
    pthread_mutex_init(&pool.whole, NULL);
    pthread_mutex_init(&pool.sleep, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pool.workers = 0;
}

static i64 hire(i64 wanted) {
    static int watched;
    pthread_attr_t roomy;
    if (!watched) watched = pthread_atfork(NULL, NULL, forget) == 0;
    if (pthread_attr_init(&roomy)) return pool.workers;
    (void)pthread_attr_setstacksize(&roomy, STACK);
    for (; pool.workers < wanted && pool.workers < MOST; pool.workers++) {
        struct worker *next = &pool.worker[pool.workers];
        atomic_store(&next->asked, 0);
        if (pthread_create(&next->thread, &roomy, work, next)) break;
        pthread_detach(next->thread);
    }
    pthread_attr_destroy(&roomy);
    return pool.workers;
}

/* All parts at once. A function by itself, since its memory on the stack would lie between a kernel of one part
   and its caller, far from what the cache holds. */
static __attribute__((noinline)) i64 run_parts(sg_task *before, void *given, sg_kernel *run,
                                               const sg_frame *frame) {
    pthread_mutex_lock(&pool.whole);
    i64 others = hire(frame->parts - 1), site;
    if (others > frame->parts - 1) others = frame->parts - 1;
    struct barrier meeting = {others + 1, 0, 0, 0};
    sg_frame frames[MOST + 1];
    i64 detail[MOST + 1][4] = {{0}};
    for (i64 part = 0; part <= others; part++) {
        frames[part] = *frame;
        frames[part].part = part, frames[part].parts = others + 1;
        frames[part].barrier = &meeting, frames[part].detail = detail[part];
    }
    atomic_store(&pool.done, 0);
    pthread_mutex_lock(&pool.sleep);
    for (i64 k = 0; k < others; k++) {
        pool.worker[k].frame = &frames[k + 1], pool.worker[k].run = run;
        pool.worker[k].before = before, pool.worker[k].given = given;
        atomic_fetch_add_explicit(&pool.worker[k].asked, 1, memory_order_release);
    }
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.sleep);
    site = run_part(before, given, run, &frames[0]);
    for (long turn = 0; atomic_load(&pool.done) < others; turn++) {
        if (turn < TURNS) pause_a_little();
        else sched_yield();
    }
    i64 from = 0; /* the first part at the first site; one that left for another's sake has none */
    for (i64 k = 0; k < others; k++) {
        const i64 own = pool.worker[k].site;
        if (own > 0 && (site <= 0 || own < site)) site = own, from = k + 1;
    }
    for (int k = 0; k < 4 && frame->detail; k++) frame->detail[k] = detail[from][k];
    pthread_mutex_unlock(&pool.whole);
    return site;
}

i64 sg_run_after(sg_task *before, void *given, sg_kernel *run, const sg_frame *frame) {
    return (frame->parts > 1 ? run_parts : run_part)(before, given, run, frame);
}

i64 sg_run(sg_kernel *run, const sg_frame *frame) {
    return frame->parts > 1 ? run_parts(NULL, NULL, run, frame) : run(frame);
}
