/* What a program printed and Python still holds. */

#include "_jail.h"

/* The fields of standard output and error, and of the buffers below them, as the zygote had them. A
   stream whose fields did not change holds nothing to flush, and to ask it takes ten pages. */
enum { STREAMS = 4, MOST_FIELDS = 512 };

static struct {
    PyObject *object;
    size_t length;
    char fields[MOST_FIELDS];
} streams[STREAMS];

static const char *fields(PyObject *object)
{
    return (const char *)(object + 1);
}

void streams_remember(void)
{
    int count = 0;
    for (int index = 0; index < STREAMS / 2; index++) {
        PyObject *stream = PySys_GetObject(index == 0 ? "stdout" : "stderr");
        PyObject *buffer = stream != NULL ? PyObject_GetAttrString(stream, "buffer") : NULL;
        PyObject *both[] = {Py_XNewRef(stream), buffer};
        for (int part = 0; part < 2; part++, count++) {
            if (both[part] == NULL)
                continue;
            size_t length = (size_t)Py_TYPE(both[part])->tp_basicsize - sizeof(PyObject);
            streams[count].length = length;
            if (length > MOST_FIELDS)
                continue;
            memcpy(streams[count].fields, fields(both[part]), length);
            streams[count].object = both[part];
        }
    }
    PyErr_Clear();
}

static bool unchanged(int index)
{
    PyObject *object = streams[index].object;
    return object != NULL &&
           memcmp(streams[index].fields, fields(object), streams[index].length) == 0;
}

/* What the program printed and Python still holds; the program may have put anything there. */
static void flush(const char *name, int index)
{
    PyObject *stream = PySys_GetObject(name);
    if (stream == NULL ||
        (stream == streams[index].object && unchanged(index) && unchanged(index + 1)))
        return;
    Py_INCREF(stream);
    PyObject *result = PyObject_CallMethod(stream, "flush", NULL);
    PyErr_Clear();
    Py_XDECREF(result);
    Py_DECREF(stream);
}

void streams_flush(void)
{
    flush("stdout", 0);
    flush("stderr", 2);
}
