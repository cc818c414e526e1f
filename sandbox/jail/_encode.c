/* encode.py in C, byte for byte: see there for the form. No method of the program's is called. */

#include "_jail.h"

enum { MAX_DEPTH = 40, NUMBER_TEXT = 64 };

typedef struct {
    size_t start, end;
} Span;

static Encoded encode(PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth);

bool buffer_reserve(Buffer *buffer, size_t more)
{
    if (buffer->data != NULL && buffer->size - buffer->used >= more)
        return true;
    size_t size = 2 * (buffer->used + more) + 1024;
    char *data = realloc(buffer->data, size);
    if (data == NULL) {
        PyErr_NoMemory();
        return false;
    }
    buffer->data = data;
    buffer->size = size;
    return true;
}

static Encoded append(Buffer *buffer, Py_ssize_t *room, const char *data, Py_ssize_t length)
{
    *room -= length;
    if (*room < 0)
        return ENCODE_TOO_LARGE;
    if (!buffer_reserve(buffer, (size_t)length))
        return ENCODE_RAISED;
    memcpy(buffer->data + buffer->used, data, (size_t)length);
    buffer->used += (size_t)length;
    return ENCODED;
}

/* Leaves the reason in the place of the value. */
static Encoded no_form(Buffer *buffer, const char *reason, const char *name)
{
    static const char format[] = "the entry point returned %s%s";
    size_t most = sizeof format + strlen(reason) + strlen(name);
    buffer->used = FRAME_HEAD;
    if (!buffer_reserve(buffer, most))
        return ENCODE_RAISED;
    buffer->used += (size_t)snprintf(buffer->data + FRAME_HEAD, most, format, reason, name);
    return ENCODE_NO_FORM;
}

/* Writes `<start><number><end>` so that it ends at `after`; returns where it starts. printf would
   do, were its code not on pages of its own. */
static char *write_number(char *after, const char *start, unsigned long long number, unsigned base,
                          char end)
{
    *--after = end;
    do
        *--after = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    size_t length = strlen(start);
    return memcpy(after - length, start, length);
}

static Encoded append_head(Buffer *buffer, Py_ssize_t *room, char tag, Py_ssize_t count)
{
    char text[NUMBER_TEXT], *after = text + sizeof text, start[] = {tag, '\0'};
    char *begin = write_number(after, start, (unsigned long long)count, 10, ':');
    return append(buffer, room, begin, after - begin);
}

static Encoded append_raw(
    Buffer *buffer, Py_ssize_t *room, char tag, const char *data, Py_ssize_t length)
{
    Encoded result = append_head(buffer, room, tag, length);
    return result == ENCODED ? append(buffer, room, data, length) : result;
}

static Encoded encode_large(PyObject *value, Buffer *buffer, Py_ssize_t *room)
{
    PyObject *bits = PyObject_CallMethod((PyObject *)&PyLong_Type, "bit_length", "O", value);
    if (bits == NULL)
        return ENCODE_RAISED;
    int64_t count = PyLong_AsLongLong(bits);
    Py_DECREF(bits);
    if (count > 4 * (int64_t)*room)
        return ENCODE_TOO_LARGE;
    PyObject *text = PyNumber_ToBase(value, 16);
    if (text == NULL)
        return ENCODE_RAISED;
    Py_ssize_t length;
    const char *data = PyUnicode_AsUTF8AndSize(text, &length); /* -0x1f or 0x1f */
    bool negative = data[0] == '-';
    Encoded result = append(buffer, room, negative ? "i-" : "i", negative ? 2 : 1);
    if (result == ENCODED)
        result = append(buffer, room, data + 2 + negative, length - 2 - negative);
    Py_DECREF(text);
    return result == ENCODED ? append(buffer, room, ";", 1) : result;
}

static Encoded encode_int(PyObject *value, Buffer *buffer, Py_ssize_t *room)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || number == LLONG_MIN)
        return encode_large(value, buffer, room);
    char text[NUMBER_TEXT], *after = text + sizeof text;
    unsigned long long size = (unsigned long long)(number < 0 ? -number : number);
    char *begin = write_number(after, number < 0 ? "i-" : "i", size, 16, ';');
    return append(buffer, room, begin, after - begin);
}

/* Shortest text that reads back as the same float; one zero, one nan. */
static Encoded append_float(Buffer *buffer, Py_ssize_t *room, double number, char end)
{
    char *text = PyOS_double_to_string(number + 0.0, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL)
        return ENCODE_RAISED;
    Encoded result = append(buffer, room, text, (Py_ssize_t)strlen(text));
    PyMem_Free(text);
    return result == ENCODED ? append(buffer, room, &end, 1) : result;
}

static Encoded encode_number(PyObject *value, Buffer *buffer, Py_ssize_t *room)
{
    bool complex = PyComplex_Check(value);
    Encoded result = append(buffer, room, complex ? "c" : "f", 1);
    if (result != ENCODED)
        return result;
    if (!complex)
        return append_float(buffer, room, PyFloat_AS_DOUBLE(value), ';');
    Py_complex number = ((PyComplexObject *)value)->cval;
    result = append_float(buffer, room, number.real, ',');
    return result == ENCODED ? append_float(buffer, room, number.imag, ';') : result;
}

static Encoded encode_text(PyObject *value, Buffer *buffer, Py_ssize_t *room)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    if (length > *room)
        return ENCODE_TOO_LARGE;
    if (PyUnicode_IS_COMPACT_ASCII(value))
        return append_raw(buffer, room, 's', PyUnicode_DATA(value), length);
    PyObject *raw = PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass");
    if (raw == NULL)
        return ENCODE_RAISED;
    Encoded result =
        append_raw(buffer, room, 's', PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw));
    Py_DECREF(raw);
    return result;
}

static Encoded encode_sequence(PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth)
{
    bool list = PyList_Check(value);
    Encoded result = append_head(buffer, room, list ? 'l' : 't', Py_SIZE(value));
    for (Py_ssize_t index = 0; result == ENCODED && index < Py_SIZE(value); index++) {
        PyObject *item = list ? PyList_GET_ITEM(value, index) : PyTuple_GET_ITEM(value, index);
        Py_INCREF(item);
        result = encode(item, buffer, room, depth);
        Py_DECREF(item);
    }
    return result;
}

static int compare_spans(const void *left, const void *right, void *data)
{
    const Span *a = left, *b = right;
    size_t one = a->end - a->start, other = b->end - b->start;
    const char *bytes = data;
    int order = memcmp(bytes + a->start, bytes + b->start, one < other ? one : other);
    return order ? order : (one > other) - (one < other);
}

/* Puts the items, encoded one after another from `start`, into the order of their bytes. */
static Encoded sort_items(Buffer *buffer, size_t start, Span *spans, size_t count)
{
    size_t length = buffer->used - start;
    if (!buffer_reserve(buffer, length))
        return ENCODE_RAISED;
    qsort_r(spans, count, sizeof *spans, compare_spans, buffer->data);
    char *to = buffer->data + buffer->used;
    for (size_t index = 0; index < count; index++) {
        size_t part = spans[index].end - spans[index].start;
        memcpy(to, buffer->data + spans[index].start, part);
        to += part;
    }
    memcpy(buffer->data + start, buffer->data + buffer->used, length);
    return ENCODED;
}

static Encoded encode_members(
    PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth, Span *spans, Py_ssize_t count)
{
    Encoded result = ENCODED;
    PyObject *iterator = NULL, *key, *held = NULL;
    bool dict = PyDict_Check(value);
    if (!dict && (iterator = PySet_Type.tp_iter(value)) == NULL)
        return ENCODE_RAISED;
    Py_ssize_t position = 0, done = 0;
    for (; result == ENCODED && done < count; done++) {
        if (dict ? !PyDict_Next(value, &position, &key, &held)
                 : (key = PyIter_Next(iterator)) == NULL)
            break;
        spans[done].start = buffer->used;
        if (dict) {
            Py_INCREF(key);
            Py_INCREF(held);
        }
        result = encode(key, buffer, room, depth);
        if (dict && result == ENCODED)
            result = encode(held, buffer, room, depth);
        Py_DECREF(key);
        if (dict)
            Py_DECREF(held);
        spans[done].end = buffer->used;
    }
    Py_XDECREF(iterator);
    if (result == ENCODED && done < count && !PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "the value changed while it was read");
    return PyErr_Occurred() ? ENCODE_RAISED : result;
}

static Encoded encode_unordered(PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth)
{
    bool dict = PyDict_Check(value);
    Py_ssize_t count = dict ? PyDict_Size(value) : PySet_GET_SIZE(value);
    Encoded result = append_head(buffer, room, dict ? 'd' : 'S', count);
    if (result != ENCODED || count == 0)
        return result;
    Span *spans = malloc((size_t)count * sizeof *spans);
    if (spans == NULL) {
        PyErr_NoMemory();
        return ENCODE_RAISED;
    }
    size_t start = buffer->used;
    result = encode_members(value, buffer, room, depth, spans, count);
    if (result == ENCODED)
        result = sort_items(buffer, start, spans, (size_t)count);
    free(spans);
    return result;
}

static Encoded encode_container(PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth)
{
    bool sequence = PyList_Check(value) || PyTuple_Check(value);
    Py_ssize_t count = sequence                ? Py_SIZE(value)
                       : PyDict_Check(value) ? PyDict_Size(value)
                                             : PySet_GET_SIZE(value);
    if (count > *room)
        return ENCODE_TOO_LARGE;
    return sequence ? encode_sequence(value, buffer, room, depth)
                    : encode_unordered(value, buffer, room, depth);
}

static Encoded encode(PyObject *value, Buffer *buffer, Py_ssize_t *room, int depth)
{
    if (depth > MAX_DEPTH)
        return no_form(buffer, "a value nested deeper than 40 (or in itself)", "");
    if (value == Py_None)
        return append(buffer, room, "N", 1);
    if (value == Py_True || value == Py_False)
        return append(buffer, room, value == Py_True ? "T" : "F", 1);
    if (PyLong_Check(value))
        return encode_int(value, buffer, room);
    if (PyFloat_Check(value) || PyComplex_Check(value))
        return encode_number(value, buffer, room);
    if (PyUnicode_Check(value))
        return encode_text(value, buffer, room);
    if (PyBytes_Check(value)) {
        Py_ssize_t length = PyBytes_GET_SIZE(value);
        return length > *room ? ENCODE_TOO_LARGE
                              : append_raw(buffer, room, 'b', PyBytes_AS_STRING(value), length);
    }
    if (PyList_Check(value) || PyTuple_Check(value) || PyAnySet_Check(value) ||
        PyDict_Check(value))
        return encode_container(value, buffer, room, depth + 1);
    PyObject *name = PyType_GetName(Py_TYPE(value));
    const char *text = name != NULL ? PyUnicode_AsUTF8(name) : NULL;
    PyErr_Clear();
    Encoded result = no_form(buffer, "a value of type ", text != NULL ? text : "?");
    Py_XDECREF(name);
    return result;
}

Encoded encode_value(PyObject *value, Buffer *buffer, Py_ssize_t limit)
{
    buffer->used = FRAME_HEAD;
    return buffer_reserve(buffer, 0) ? encode(value, buffer, &limit, 0) : ENCODE_RAISED;
}
