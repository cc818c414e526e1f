/* child.py in C: one program's process, from its confinement to its end.

   The same steps in the same order with the same frames; see there for why. In C because each
   Python object that the code around the program touches is a page that the process must copy. */

#define _GNU_SOURCE
#include "_jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <marshal.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAYLOAD, RESULTS, STDOUT, STDERR, STDIN };
enum { CALLS, SCRIPT };
enum { CALL, STATEMENTS };
enum { RESULTS_AT = 3 };
enum { FILTER_MOST = 128, FILTER_SELF = 0x5E1F5E1F };

/* One run: what the payload holds, and where the frames go. */
typedef struct {
    const Jail *jail;
    PyObject *names, *entry_point;
    Py_ssize_t output_bytes;
    int results;
    Buffer buffer;
} Run;

static void must(bool done)
{
    if (!done)
        _exit(EXIT_BROKEN);
}

static PyObject *contents(int descriptor)
{
    struct stat file;
    must(fstat(descriptor, &file) == 0);
    PyObject *data = PyBytes_FromStringAndSize(NULL, file.st_size);
    must(data != NULL);
    for (off_t done = 0; done < file.st_size;) {
        ssize_t count = pread(
            descriptor, PyBytes_AS_STRING(data) + done, (size_t)(file.st_size - done), done);
        must(count > 0);
        done += count;
    }
    return data;
}

static void set_limit(__rlimit_resource_t which, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};
    must(setrlimit(which, &limit) == 0);
}

/* Takes the pipes; all other descriptors, the control socket among them, go. */
static void take_descriptors(const Request *request)
{
    const int *given = request->descriptors;
    /* Opened anew: an open file's flags and position are shared with all who inherit it. */
    close(STDIN_FILENO);
    if (request->count > STDIN)
        must(dup2(given[STDIN], STDIN_FILENO) == STDIN_FILENO);
    else
        must(open("/dev/null", O_RDONLY) == STDIN_FILENO);
    must(dup2(given[STDOUT], STDOUT_FILENO) == STDOUT_FILENO);
    must(dup2(given[STDERR], STDERR_FILENO) == STDERR_FILENO);
    must(dup2(given[RESULTS], RESULTS_AT) == RESULTS_AT);
    must(syscall(SYS_close_range, RESULTS_AT + 1, ~0U, 0) == 0);
}

/* filters.program_filter, with the number of this process where it says SELF. */
static void install_filter(const Jail *jail)
{
    struct sock_filter code[FILTER_MOST];
    must(jail->filter_length <= FILTER_MOST);
    memcpy(code, jail->filter, jail->filter_length * sizeof *code);
    for (int index = 0; index < jail->filter_length; index++)
        if (code[index].k == FILTER_SELF)
            code[index].k = (uint32_t)getpid();
    struct sock_fprog program = {jail->filter_length, code};
    must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

static void confine(const Jail *jail, const Request *request)
{
#ifndef TREEWRIGHT_UNCONFINED /* a build of the benchmark's own, benchmarks/isolation.py */
    /* A second net below the zygote's finer clock. Soft below hard: else it looks like SIGKILL. */
    rlim_t seconds = (rlim_t)request->cpu_seconds + 2;
    set_limit(RLIMIT_CPU, seconds, seconds + 1);
    set_limit(RLIMIT_NPROC, 1, 1);
    if (jail->own_ids) {
        must(setresgid(PROGRAM_ID, PROGRAM_ID, PROGRAM_ID) == 0);
        must(setresuid(PROGRAM_ID, PROGRAM_ID, PROGRAM_ID) == 0);
    }
    set_limit(RLIMIT_AS, request->memory_bytes, request->memory_bytes);
    /* Where no pid namespace ends it with its zygote; after the ids, whose change would undo it. */
    must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == request->zygote);
    install_filter(jail);
#else
    (void)jail, (void)request, (void)set_limit, (void)install_filter;
#endif
}

/* Writes the buffer as a frame; its body stands after the room for the head. */
static void send(Run *run, char tag)
{
    Buffer *buffer = &run->buffer;
    size_t length = buffer->used - FRAME_HEAD;
    buffer->data[0] = tag;
    for (int index = 0; index < 4; index++)
        buffer->data[1 + index] = (char)(length >> 8 * index);
    for (size_t done = 0; run->results >= 0 && done < buffer->used;) {
        ssize_t count = write(run->results, buffer->data + done, buffer->used - done);
        if (count < 0 && errno != EINTR)
            _exit(EXIT_BROKEN);
        done += count > 0 ? (size_t)count : 0;
    }
}

static void send_text(Run *run, char tag, const char *text, size_t length)
{
    run->buffer.used = FRAME_HEAD;
    if (!buffer_reserve(&run->buffer, length)) {
        PyErr_Clear();
        length = 0;
    }
    memcpy(run->buffer.data + FRAME_HEAD, text, length);
    run->buffer.used += length;
    send(run, tag);
}

static void send_tag(Run *run, char tag)
{
    send_text(run, tag, "", 0);
}

/* Takes the exception that is set, with its traceback, as an except clause would. */
static PyObject *caught(void)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    if (trace != NULL)
        PyException_SetTraceback(error, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    return error;
}

static void send_described(Run *run, char tag, PyObject *error)
{
    PyObject *text = PyObject_CallOneArg(run->jail->describe, error);
    if (text != NULL && PyBytes_Check(text))
        send_text(run, tag, PyBytes_AS_STRING(text), (size_t)PyBytes_GET_SIZE(text));
    else
        send_tag(run, tag);
    PyErr_Clear();
    Py_XDECREF(text);
}

/* Sends what an exception means: no memory, or `tag` with its description. */
static void send_error(Run *run, char tag)
{
    bool memory = tag != COMPILE_ERROR && PyErr_ExceptionMatches(PyExc_MemoryError);
    PyObject *error = caught();
    if (memory)
        send_tag(run, NO_MEMORY);
    else
        send_described(run, tag, error);
    Py_XDECREF(error);
}

static PyObject *compiled(const Run *run, PyObject *source, PyObject *name)
{
    /* compile(source, name, "exec", 0, True): flags none, nothing inherited */
    return PyObject_CallFunction(
        run->jail->compile, "OOOiO", source, name, run->jail->exec_word, 0, Py_True);
}

/* exec(code, names); false with the exception set. */
static bool executed(const Run *run, PyObject *code)
{
    if (code == NULL)
        return false;
    PyObject *result = PyEval_EvalCode(code, run->names, run->names);
    Py_XDECREF(result);
    return result != NULL;
}

/* Makes the module that the program runs as; its dictionary is the run's names. */
static bool enter_module(Run *run, const char *name)
{
    PyObject *module = PyModule_New(name);
    if (module == NULL)
        return false;
    run->names = PyModule_GetDict(module);
    bool done = PyDict_SetItemString(PyImport_GetModuleDict(), name, module) == 0 &&
                PyDict_SetItemString(run->names, "__builtins__", PyEval_GetBuiltins()) == 0;
    Py_DECREF(module);
    return done;
}

static bool exited_in_order(void)
{
    if (!PyErr_ExceptionMatches(PyExc_SystemExit))
        return false;
    PyObject *error = caught();
    PyObject *code = PyObject_GetAttrString(error, "code");
    bool fine = code == Py_None;
    if (code != NULL && PyLong_Check(code))
        fine = PyLong_AsLong(code) == 0;
    PyErr_Clear();
    Py_XDECREF(code);
    if (fine)
        Py_DECREF(error);
    else
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    return fine;
}

static void run_script(Run *run, PyObject *code)
{
    if (!enter_module(run, "__main__") || !executed(run, code)) {
        if (!exited_in_order())
            send_error(run, LOAD_ERROR);
    }
    send_tag(run, DONE);
}

static void run_call(Run *run, PyObject *arguments)
{
    PyObject *function = PyObject_GetItem(run->names, run->entry_point);
    PyObject *value = function != NULL ? PyObject_CallObject(function, arguments) : NULL;
    Py_XDECREF(function);
    if (value == NULL) {
        send_error(run, EXCEPTION);
        return;
    }
    switch (encode_value(value, &run->buffer, run->output_bytes)) {
    case ENCODED: send(run, VALUE); break;
    case ENCODE_TOO_LARGE: send_tag(run, TOO_LARGE); break;
    case ENCODE_NO_FORM: send(run, EXCEPTION); break;
    case ENCODE_RAISED: send_error(run, EXCEPTION); break;
    }
    Py_DECREF(value);
}

static void run_statements(Run *run, PyObject *source)
{
    PyObject *code = compiled(run, source, run->jail->test_name);
    if (executed(run, code))
        send_tag(run, WEAK_PASSED);
    else
        send_error(run, PyErr_ExceptionMatches(PyExc_AssertionError) ? WEAK_FAILED : EXCEPTION);
    Py_XDECREF(code);
}

static bool loaded(Run *run, PyObject *code)
{
    if (!enter_module(run, "program") || !executed(run, code))
        return false;
    if (PyUnicode_GET_LENGTH(run->entry_point) == 0)
        return true;
    int found = PyDict_Contains(run->names, run->entry_point);
    if (found == 0)
        PyErr_Format(PyExc_NameError, "the program defines no %U", run->entry_point);
    return found == 1;
}

static void run_calls(Run *run, PyObject *code, PyObject *tests)
{
    if (!loaded(run, code)) {
        send_error(run, LOAD_ERROR);
        return;
    }
    for (Py_ssize_t index = 0; index < PyList_GET_SIZE(tests); index++) {
        PyObject *test = PyList_GET_ITEM(tests, index);
        if (PyLong_AsLong(PyTuple_GET_ITEM(test, 0)) == CALL)
            run_call(run, PyTuple_GET_ITEM(test, 1));
        else
            run_statements(run, PyTuple_GET_ITEM(test, 1));
    }
    send_tag(run, DONE);
}

void program_execute(const Jail *jail, PyObject *payload, int results)
{
    Run run = {.jail = jail, .results = results};
    PyObject *source, *tests;
    int kind;
    PyObject *held = PyMarshal_ReadObjectFromString( /* from the trusted side */
        PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload));
    must(held != NULL && PyTuple_Check(held));
    must(PyArg_ParseTuple(held, "iOUO!n", &kind, &source, &run.entry_point, &PyList_Type, &tests,
                          &run.output_bytes));
    PyObject *code = compiled(&run, source, jail->file_name);
    if (code == NULL) {
        send_error(&run, COMPILE_ERROR);
    } else {
        send_tag(&run, COMPILED);
        if (kind == SCRIPT)
            run_script(&run, code);
        else
            run_calls(&run, code, tests);
        Py_DECREF(code);
    }
    PyErr_Clear();
    Py_DECREF(held);
    free(run.buffer.data);
}

_Noreturn void program_run(const Jail *jail, const Request *request)
{
    memory_populate();
    PyObject *payload = contents(request->descriptors[PAYLOAD]);
    take_descriptors(request);
    confine(jail, request);
    program_execute(jail, payload, RESULTS_AT);
    streams_flush();
    _exit(0);
}
