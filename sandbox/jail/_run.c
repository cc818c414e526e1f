/* run_io.py in C: the dispatcher's seventeen system calls a program, without Python between them. */

#define _GNU_SOURCE
#include "_jail.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPES = 3, MOST = PIPES + 2, PATH = 32 };

const char run_send_text[] =
    "send_run(control, request, payload, stdin)\n\n"
    "Hand a run to the zygote; returns what to read: results, stdout, stderr.";
const char run_take_rest_text[] =
    "take_rest(descriptor, most)\n\n"
    "Return at most so many bytes of a pipe that nobody writes to any more, and close it.";

/* A file in memory with these bytes; -1 with errno set. */
static int file_of(const Py_buffer *data, bool read_only)
{
    int file = memfd_create("", MFD_CLOEXEC);
    for (Py_ssize_t done = 0; file >= 0 && done < data->len;) {
        ssize_t count = pwrite(
            file, (const char *)data->buf + done, (size_t)(data->len - done), done);
        if (count <= 0) {
            close(file);
            return -1;
        }
        done += count;
    }
    if (file >= 0 && read_only) {
        char path[PATH];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        int readable = open(path, O_RDONLY | O_CLOEXEC);
        close(file);
        return readable;
    }
    return file;
}

static bool send_all(int control, const Py_buffer *request, const int *theirs, int count)
{
    union {
        struct cmsghdr align;
        char data[CMSG_SPACE(MOST * sizeof(int))];
    } ancillary;
    struct iovec part = {request->buf, (size_t)request->len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary,
                             .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
    memset(&ancillary, 0, sizeof ancillary);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(head), theirs, (size_t)count * sizeof(int));
    return sendmsg(control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == request->len;
}

static void close_all(const int *descriptors, int count)
{
    for (int index = 0; index < count; index++)
        if (descriptors[index] >= 0)
            close(descriptors[index]);
}

PyObject *run_send(PyObject *module, PyObject *arguments)
{
    (void)module;
    int control, ours[PIPES] = {-1, -1, -1}, theirs[MOST] = {-1, -1, -1, -1, -1};
    Py_buffer request, payload, input;
    if (!PyArg_ParseTuple(arguments, "iy*y*y*", &control, &request, &payload, &input))
        return NULL;
    int count = input.len > 0 ? MOST : MOST - 1;
    bool done = (theirs[0] = file_of(&payload, false)) >= 0;
    for (int index = 0; done && index < PIPES; index++) {
        int ends[2];
        done = pipe2(ends, O_CLOEXEC) == 0;
        if (done) {
            ours[index] = ends[0];
            theirs[1 + index] = ends[1];
        }
    }
    if (done && input.len > 0)
        done = (theirs[MOST - 1] = file_of(&input, true)) >= 0;
    done = done && send_all(control, &request, theirs, count);
    PyObject *result = done ? Py_BuildValue("iii", ours[0], ours[1], ours[2])
                            : PyErr_SetFromErrno(PyExc_OSError);
    close_all(theirs, MOST);
    if (result == NULL)
        close_all(ours, PIPES);
    PyBuffer_Release(&request);
    PyBuffer_Release(&payload);
    PyBuffer_Release(&input);
    return result;
}

PyObject *run_take_rest(PyObject *module, PyObject *arguments)
{
    (void)module;
    int descriptor, held = 0;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(arguments, "in", &descriptor, &most))
        return NULL;
    PyObject *result = NULL;
    if (ioctl(descriptor, FIONREAD, &held) == 0) {
        Py_ssize_t length = held < most ? held : most;
        result = PyBytes_FromStringAndSize(NULL, length);
        if (result != NULL && length > 0 &&
            read(descriptor, PyBytes_AS_STRING(result), (size_t)length) != length)
            Py_CLEAR(result);
    }
    if (result == NULL && !PyErr_Occurred())
        PyErr_SetFromErrno(PyExc_OSError);
    close(descriptor);
    return result;
}
