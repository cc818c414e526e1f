/* What makes a program's process cheap: few page tables to copy, few pages to copy.

   A fork copies an entry for every page of the zygote and the process's end takes each away again,
   0.1 us a page; the first write to a page copies it, 3 us. So the code of the interpreter and its
   objects move to huge pages, of which one entry stands for 512 pages, and what a program
   allocates comes from one piece of fresh memory, not from the gaps that are left in all others. */

#define _GNU_SOURCE
#include "_jail.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum {
    HUGE = 2 << 20,
    LARGEST = 16384,         /* the largest block from the fresh memory */
    FRESH_BYTES = 1 << 20,
    POPULATED_BYTES = 56 << 10, /* what a small program needs of it */
    UNIT = 16,
    UNIT_CLASSES = 1024 / UNIT,
    CLASSES = UNIT_CLASSES + 5,
};

static char *reserve(size_t bytes)
{
    char *all = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    char *aligned = (char *)(((uintptr_t)all + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    if (aligned > all)
        munmap(all, (size_t)(aligned - all));
    munmap(aligned + bytes, (size_t)(all + HUGE - aligned));
    return aligned;
}

/* --- The interpreter's code ------------------------------------------------------------------ */

/* Puts a copy in a huge page in the place of 2 MB of a file's mapping. */
static void replace_by_huge_page(char *place)
{
    char *copy = reserve(HUGE);
    if (copy == NULL)
        return;
    memcpy(copy, place, HUGE);
    if (madvise(copy, HUGE, MADV_COLLAPSE) != 0 ||
        mprotect(copy, HUGE, PROT_READ | PROT_EXEC) != 0 ||
        mremap(copy, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED)
        munmap(copy, HUGE);
}

typedef struct {
    uintptr_t start, end;
    unsigned long inode;
    bool code;
} Run;

static void replace_run(const Run *run)
{
    uintptr_t place = (run->start + HUGE - 1) & ~(uintptr_t)(HUGE - 1);
    for (; run->code && place + HUGE <= run->end; place += HUGE)
        replace_by_huge_page((char *)place);
}

/* Moves what fills huge pages of the mapped files' code and constants into huge pages. */
void memory_move_code(void)
{
    enum { MOST = 64 };
    Run runs[MOST] = {{0}};
    int count = 0;
    char line[512], rights[5];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && count < MOST && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t start, end;
        unsigned long inode;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &start, &end, rights,
                   &inode) != 4 || inode == 0 || rights[1] == 'w' || rights[3] != 'p')
            continue;
        Run *last = count > 0 ? &runs[count - 1] : NULL;
        if (last == NULL || last->end != start || last->inode != inode) {
            last = &runs[count++];
            *last = (Run){start, end, inode, false};
        }
        last->end = end;
        last->code = last->code || rights[2] == 'x';
    }
    if (maps != NULL)
        fclose(maps);
    for (int index = 0; index < count; index++)
        replace_run(&runs[index]);
}

/* --- The zygote's objects --------------------------------------------------------------------- */

enum { KEPT_BYTES = 8 << 20 };

static char *kept, *kept_low, *kept_high; /* arenas grow from below, large blocks from above */
static char *hole, *hole_end;             /* what was given back in between: others may map there */
static PyObjectArenaAllocator plain_arenas;
static PyMemAllocatorEx plain_raw;

static bool is_kept(const void *pointer)
{
    uintptr_t place = (uintptr_t)pointer;
    return place - (uintptr_t)kept < KEPT_BYTES &&
           !(place >= (uintptr_t)hole && place < (uintptr_t)hole_end);
}

static void *take_arena(void *context, size_t size)
{
    (void)context;
    if (size > (size_t)(kept_high - kept_low))
        return plain_arenas.alloc(plain_arenas.ctx, size);
    kept_low += size;
    return kept_low - size;
}

static void give_arena(void *context, void *arena, size_t size)
{
    (void)context;
    if (is_kept(arena))
        madvise(arena, size, MADV_DONTNEED);
    else
        plain_arenas.free(plain_arenas.ctx, arena, size);
}

static void *raw_malloc(void *context, size_t size)
{
    (void)context;
    size_t whole = (size + 2 * UNIT - 1) / UNIT * UNIT;
    if (whole < size || whole > (size_t)(kept_high - kept_low))
        return plain_raw.malloc(plain_raw.ctx, size);
    kept_high -= whole;
    *(size_t *)kept_high = size;
    return kept_high + UNIT;
}

static void *raw_calloc(void *context, size_t count, size_t size)
{
    if (size != 0 && count > PY_SSIZE_T_MAX / size)
        return NULL;
    void *block = raw_malloc(context, count * size);
    return block != NULL ? memset(block, 0, count * size) : NULL;
}

static void raw_free(void *context, void *block)
{
    (void)context;
    if (!is_kept(block))
        plain_raw.free(plain_raw.ctx, block);
}

static void *raw_realloc(void *context, void *block, size_t size)
{
    if (block != NULL && !is_kept(block))
        return plain_raw.realloc(plain_raw.ctx, block, size);
    void *copy = raw_malloc(context, size);
    if (copy != NULL && block != NULL) {
        size_t before = ((size_t *)block)[-2];
        memcpy(copy, block, before < size ? before : size);
    }
    return copy;
}

/* From here on the zygote's objects lie in `kept`: called first of all. */
void memory_keep_objects(void)
{
    if ((kept = reserve(KEPT_BYTES)) == NULL)
        return;
    kept_low = kept;
    kept_high = kept + KEPT_BYTES;
    PyObject_GetArenaAllocator(&plain_arenas);
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &plain_raw);
    PyObjectArenaAllocator arenas = {NULL, take_arena, give_arena};
    PyMemAllocatorEx raw = {NULL, raw_malloc, raw_calloc, raw_realloc, raw_free};
    PyObject_SetArenaAllocator(&arenas);
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &raw);
}

/* No object comes to `kept` any more; what is there moves to huge pages. */
static void close_kept(void)
{
    if (kept == NULL)
        return;
    char *low = (char *)(((uintptr_t)kept_low + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    char *high = (char *)((uintptr_t)kept_high & ~(uintptr_t)(HUGE - 1));
    for (char *place = kept; place < kept + KEPT_BYTES; place += HUGE)
        if (place < low || place >= high)
            madvise(place, HUGE, MADV_COLLAPSE);
    kept_low = kept_high;
    if (low < high && munmap(low, (size_t)(high - low)) == 0) { /* else part of a memory limit */
        hole = low;
        hole_end = high;
    }
}

/* --- What a program allocates ------------------------------------------------------------------ */

/* Blocks of up to LARGEST bytes, each after its class, until FRESH_BYTES are used; freed blocks
   wait in a list for each class. All else, and all that comes later, is the interpreter's. */
typedef union block {
    union block *next;
    size_t class_index;
    char bytes[UNIT];
} Block;

static char *fresh, *fresh_next, *fresh_end;
static Block *freed[CLASSES];
static PyMemAllocatorEx plain_objects, plain_mem;

static unsigned class_of(size_t size)
{
    if (size <= UNIT_CLASSES * UNIT)
        return size == 0 ? 0 : (unsigned)((size - 1) / UNIT);
    unsigned class_index = UNIT_CLASSES;
    for (size_t most = 2048; size > most; most *= 2)
        class_index++;
    return class_index;
}

static size_t class_size(size_t class_index)
{
    return class_index < UNIT_CLASSES ? (class_index + 1) * UNIT
                                      : (size_t)2048 << (class_index - UNIT_CLASSES);
}

static bool is_fresh(const void *pointer)
{
    return (uintptr_t)pointer - (uintptr_t)fresh < FRESH_BYTES;
}

static void *fresh_malloc(void *context, size_t size)
{
    if (size <= LARGEST) {
        unsigned class_index = class_of(size);
        Block *block = freed[class_index];
        if (block != NULL) {
            freed[class_index] = block->next;
            return block;
        }
        size_t whole = class_size(class_index) + sizeof(Block);
        if (whole <= (size_t)(fresh_end - fresh_next)) {
            block = (Block *)fresh_next;
            fresh_next += whole;
            block->class_index = class_index;
            return block + 1;
        }
    }
    PyMemAllocatorEx *plain = context;
    return plain->malloc(plain->ctx, size);
}

static void *fresh_calloc(void *context, size_t count, size_t size)
{
    PyMemAllocatorEx *plain = context;
    if (size != 0 && count > LARGEST / size)
        return plain->calloc(plain->ctx, count, size);
    void *block = fresh_malloc(context, count * size);
    return block != NULL ? memset(block, 0, count * size) : NULL;
}

static void fresh_free(void *context, void *pointer)
{
    if (is_fresh(pointer)) {
        Block *block = pointer;
        size_t class_index = block[-1].class_index;
        block->next = freed[class_index];
        freed[class_index] = block;
    } else {
        PyMemAllocatorEx *plain = context;
        plain->free(plain->ctx, pointer);
    }
}

static void *fresh_realloc(void *context, void *pointer, size_t size)
{
    PyMemAllocatorEx *plain = context;
    if (pointer == NULL)
        return fresh_malloc(context, size);
    if (!is_fresh(pointer))
        return plain->realloc(plain->ctx, pointer, size);
    size_t before = class_size(((Block *)pointer)[-1].class_index);
    if (size <= before && size > before / 2)
        return pointer;
    void *copy = fresh_malloc(context, size);
    if (copy != NULL) {
        memcpy(copy, pointer, before < size ? before : size);
        fresh_free(context, pointer);
    }
    return copy;
}

/* In the zygote, last of all: what its programs allocate comes from fresh memory. */
void memory_close(void)
{
    close_kept();
    void *place = mmap(NULL, FRESH_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        return;
    fresh = place;
    madvise(fresh, FRESH_BYTES, MADV_NOHUGEPAGE);
    fresh_next = fresh;
    fresh_end = fresh + FRESH_BYTES;
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &plain_objects);
    PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &plain_mem);
    PyMemAllocatorEx objects = {&plain_objects, fresh_malloc, fresh_calloc, fresh_realloc,
                                fresh_free};
    PyMemAllocatorEx mem = {&plain_mem, fresh_malloc, fresh_calloc, fresh_realloc, fresh_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &objects);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &mem);
}

/* In a program's process, before it runs: the pages that it is going to need anyway, at once. */
void memory_populate(void)
{
    if (fresh != NULL)
        madvise(fresh, POPULATED_BYTES, MADV_POPULATE_WRITE);
}
