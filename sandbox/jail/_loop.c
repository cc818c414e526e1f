/* The zygote's loop of zygote.py in C: the same requests, the same replies.

   A Python loop writes to some eighty pages between two programs, and each must be copied, because
   the last program's process shares them. This one writes to its stack. */

#define _GNU_SOURCE
#include "_jail.h"

#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef enum { ENDED_ITSELF, ENDED_BY_CPU, ENDED_BY_WALL, ENDED_BY_ORDER, GONE } Ended;

/* zygote.REQUEST and zygote.REPLY: little endian, packed. */
typedef struct __attribute__((packed)) {
    char tag;
    double cpu_seconds, wall_seconds;
    uint64_t memory_bytes;
} WireRequest;

typedef struct __attribute__((packed)) {
    int32_t status;
    uint8_t ended;
    double cpu_seconds, wall_seconds;
    uint64_t peak_rss_bytes;
} WireReply;

/* fork() without the locks of a C library that has threads, where there is such a call. */
extern pid_t _Fork(void) __attribute__((weak));

static double seconds(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void take_descriptors(struct msghdr *message, Request *request)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        request->count = (int)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(request->descriptors, CMSG_DATA(part), (size_t)request->count * sizeof(int));
    }
}

/* The next request; false: the dispatcher is gone, or what it says makes no sense. */
static bool receive(int control, Request *request)
{
    WireRequest wire;
    ssize_t length;
    do { /* an order to kill that came too late is skipped */
        union {
            struct cmsghdr align;
            char data[CMSG_SPACE(sizeof request->descriptors)];
        } ancillary;
        struct iovec part = {&wire, sizeof wire};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                                 .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
        request->count = 0;
        do
            length = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
        while (length < 0 && errno == EINTR);
        if (length <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
            return false;
        take_descriptors(&message, request);
    } while (length == 1 && wire.tag == 'K');
    request->cpu_seconds = wire.cpu_seconds;
    request->wall_seconds = wire.wall_seconds;
    request->memory_bytes = wire.memory_bytes;
    return length == sizeof wire && wire.tag == 'R' && request->count >= 4;
}

static void on_child(int number)
{
    (void)number; /* it only has to interrupt ppoll */
}

/* Waits for the program's end, or brings it about. SIGCHLD is blocked but within ppoll. */
static Ended watch(pid_t pid, int control, const Request *request, double began, int *status,
                   struct rusage *usage, const sigset_t *unblocked)
{
    clockid_t clock = (clockid_t)((~(unsigned)pid << 3) | 2); /* see clock_getcpuclockid(3) */
    double deadline = began + request->wall_seconds;
    double patience = request->cpu_seconds; /* one thread can't use more than passes */
    Ended ended = ENDED_ITSELF;
    while (wait4(pid, status, WNOHANG, usage) == 0) {
        double left = deadline - seconds(CLOCK_MONOTONIC);
        double wait = left < patience ? left : patience;
        wait = wait < 0 ? 0 : wait + 0.0005;
        struct timespec most = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
        struct pollfd channel = {control, POLLIN, 0};
        int found = ppoll(&channel, 1, &most, unblocked);
        if (found < 0)
            continue; /* most likely the end */
        if (found > 0) {
            char order;
            ended = read(control, &order, 1) == 1 ? ENDED_BY_ORDER : GONE;
        } else if ((patience = request->cpu_seconds - seconds(clock)) <= 0) {
            ended = ENDED_BY_CPU;
        } else if (seconds(CLOCK_MONOTONIC) >= deadline) {
            ended = ENDED_BY_WALL;
        } else {
            continue;
        }
        kill(pid, SIGKILL);
        wait4(pid, status, 0, usage);
        break;
    }
    return ended;
}

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static bool serve_one(const Jail *jail, int control, const sigset_t *unblocked)
{
    Request request;
    if (!receive(control, &request))
        return false;
    double began = seconds(CLOCK_MONOTONIC);
    request.zygote = getpid();
    pid_t pid = _Fork != NULL ? _Fork() : fork();
    if (pid < 0)
        return false;
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        sigprocmask(SIG_SETMASK, unblocked, NULL);
        program_run(jail, &request);
    }
    for (int index = 0; index < request.count; index++)
        close(request.descriptors[index]);
    int status = 0;
    struct rusage usage = {0};
    Ended ended = watch(pid, control, &request, began, &status, &usage, unblocked);
    if (ended == GONE)
        return false;
    WireReply reply = {status, (uint8_t)ended, cpu_seconds(&usage),
                       seconds(CLOCK_MONOTONIC) - began, (uint64_t)usage.ru_maxrss * 1024};
    return write(control, &reply, sizeof reply) == sizeof reply;
}

static bool make_jail(Jail *jail)
{
    PyObject *child = PyImport_ImportModule("sandbox.jail.child");
    if (child == NULL)
        return false;
    jail->describe = PyObject_GetAttrString(child, "describe");
    Py_DECREF(child);
    jail->compile = PyDict_GetItemString(PyEval_GetBuiltins(), "compile");
    jail->file_name = PyUnicode_InternFromString("<program>");
    jail->test_name = PyUnicode_InternFromString("<test>");
    jail->exec_word = PyUnicode_InternFromString("exec");
    return jail->describe != NULL && jail->compile != NULL && jail->file_name != NULL &&
           jail->test_name != NULL && jail->exec_word != NULL;
}

PyDoc_STRVAR(serve_text,
"serve(control, program_filter, own_ids, seal)\n\n"
"Serve requests until the dispatcher closes the control socket; seal() comes first.");

static PyObject *serve(PyObject *module, PyObject *arguments)
{
    (void)module;
    int control, own_ids;
    Py_buffer filter;
    PyObject *seal, *sealed;
    Jail jail = {0};
    if (!PyArg_ParseTuple(arguments, "iy*pO", &control, &filter, &own_ids, &seal) ||
        !make_jail(&jail) || (sealed = PyObject_CallNoArgs(seal)) == NULL)
        return NULL;
    Py_DECREF(sealed);
    streams_remember();
    memory_close();
    jail.filter = filter.buf;
    jail.filter_length = (unsigned short)(filter.len / (Py_ssize_t)sizeof(struct sock_filter));
    jail.own_ids = own_ids;
    struct sigaction action = {.sa_handler = on_child};
    sigset_t child, unblocked;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigaction(SIGCHLD, &action, NULL);
    sigprocmask(SIG_BLOCK, &child, &unblocked);
    while (serve_one(&jail, control, &unblocked))
        ;
    PyBuffer_Release(&filter);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(execute_text,
"execute(payload, results)\n\n"
"Run a payload here, unconfined; frames go to the descriptor `results`, nowhere if -1.");

static PyObject *execute(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *payload;
    int results;
    Jail jail = {0};
    if (!PyArg_ParseTuple(arguments, "Si", &payload, &results) || !make_jail(&jail))
        return NULL;
    program_execute(&jail, payload, results);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(encode_text,
"encode(value, limit)\n\n"
"Canonical bytes of a value; None: too large. Raises ValueError: it has no such form.");

static PyObject *encode(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *value, *result = NULL;
    Py_ssize_t limit;
    Buffer buffer = {0};
    if (!PyArg_ParseTuple(arguments, "On", &value, &limit))
        return NULL;
    Encoded encoded = encode_value(value, &buffer, limit);
    if (encoded == ENCODED)
        result = PyBytes_FromStringAndSize(
            buffer.data + FRAME_HEAD, (Py_ssize_t)(buffer.used - FRAME_HEAD));
    else if (encoded == ENCODE_TOO_LARGE)
        result = Py_NewRef(Py_None);
    else if (encoded == ENCODE_NO_FORM)
        PyErr_SetString(PyExc_ValueError, buffer.data + FRAME_HEAD);
    free(buffer.data);
    return result;
}

PyDoc_STRVAR(prepare_text,
"prepare()\n\n"
"Arrange this process's memory for cheap forks. Early, while /proc is there.");

static PyObject *prepare(PyObject *module, PyObject *arguments)
{
    (void)module;
    (void)arguments;
    memory_move_code();
    memory_keep_objects();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"prepare", prepare, METH_NOARGS, prepare_text},
    {"serve", serve, METH_VARARGS, serve_text},
    {"execute", execute, METH_VARARGS, execute_text},
    {"encode", encode, METH_VARARGS, encode_text},
    {"send_run", run_send, METH_VARARGS, run_send_text},
    {"take_rest", run_take_rest, METH_VARARGS, run_take_rest_text},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_loop", "The zygote's loop and its programs' runner.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__loop(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddStringConstant(module, "NAME", "c") < 0)
        Py_CLEAR(module);
    return module;
}
