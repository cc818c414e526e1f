/* What the parts of the extension module share. Linux only. */

#ifndef TREEWRIGHT_JAIL_H
#define TREEWRIGHT_JAIL_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Frames of child.py: a tag, the length of the body (4 bytes, little endian), the body. */
enum {
    COMPILED = 'K', COMPILE_ERROR = 'C', LOAD_ERROR = 'X', VALUE = 'V', EXCEPTION = 'E',
    NO_MEMORY = 'M', TOO_LARGE = 'O', WEAK_PASSED = 'P', WEAK_FAILED = 'F', DONE = 'D',
};

enum { EXIT_BROKEN = 70, PROGRAM_ID = 1, FRAME_HEAD = 5 };

/* Bytes on their way out; room for the head of a frame comes first. */
typedef struct {
    char *data;
    size_t used, size;
} Buffer;

/* Makes room for `more` bytes; false with MemoryError set. */
bool buffer_reserve(Buffer *buffer, size_t more);

typedef enum { ENCODED, ENCODE_TOO_LARGE, ENCODE_NO_FORM, ENCODE_RAISED } Encoded;

/* Puts the canonical bytes of a value, at most `limit` of them (see encode.py), into the buffer
   after the room for a frame's head. ENCODE_NO_FORM: the reason, a text, stands there instead;
   ENCODE_RAISED: an exception is set. */
Encoded encode_value(PyObject *value, Buffer *buffer, Py_ssize_t limit);

/* What the zygote keeps for its programs. */
typedef struct {
    const void *filter;        /* seccomp program, of 8 bytes an instruction */
    unsigned short filter_length;
    bool own_ids;              /* tier T1: step down to PROGRAM_ID */
    PyObject *describe;        /* child.describe */
    PyObject *compile;         /* builtins.compile */
    PyObject *file_name, *test_name, *exec_word;
} Jail;

/* One request, with the descriptors that came along: payload, results, stdout, stderr, stdin. */
typedef struct {
    pid_t zygote;
    double cpu_seconds, wall_seconds;
    uint64_t memory_bytes;
    int descriptors[5];
    int count;
} Request;

/* The child's side: confines itself, runs the program, ends the process. */
_Noreturn void program_run(const Jail *jail, const Request *request);

/* Runs a payload (bytes) here, unconfined, its frames written to `results` (-1: dropped). */
void program_execute(const Jail *jail, PyObject *payload, int results);

/* In the zygote, before it serves; and at a program's end. */
void streams_remember(void);
void streams_flush(void);

/* For the dispatcher, see _run.c. */
PyObject *run_send(PyObject *module, PyObject *arguments);
PyObject *run_take_rest(PyObject *module, PyObject *arguments);
extern const char run_send_text[], run_take_rest_text[];

/* See _memory.c: two calls early in the zygote, one when it is about to serve, one in a child. */
void memory_move_code(void);
void memory_keep_objects(void);
void memory_close(void);
void memory_populate(void);

#endif
