package treewright;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Runs one compiled program: `script JAR`, or `calls JAR ENTRY`. Arguments are read from descriptor
 * 4; frames with canonical values are written to descriptor 3.
 */
public final class Harness {
    private static final int MAX_DEPTH = 40;
    private static final int MAX_TEXT = 400;
    private static FileOutputStream results;

    public static void main(String[] words) throws Throwable {
        boolean script = words[0].equals("script");
        if (script) {
            runMain(words[1]);
            return;
        }
        results = new FileOutputStream(descriptor(3));
        byte[] arguments = new FileInputStream(descriptor(4)).readAllBytes();
        Method entry;
        Object holder;
        try {
            entry = entryPoint(words[1], words[2], parameterCount(arguments));
            holder = Modifier.isStatic(entry.getModifiers()) ? null : instance(entry);
        } catch (InvocationTargetException | ExceptionInInitializerError error) {
            emit('X', describe(error.getCause()));
            System.exit(0);
            return;
        } catch (NoSuchMethodException error) {
            emit('X', error.getMessage());
            System.exit(0);
            return;
        }
        Reader all = new Reader(arguments, 0, arguments.length);
        while (all.position < all.end) {
            int size = all.count();
            Reader one = new Reader(arguments, all.position, all.position + size);
            all.position += size;
            call(entry, holder, one);
        }
        System.out.flush();
        emit('D', "");
        System.exit(0);
    }

    /** A descriptor by its number: java.io offers only the first three. */
    private static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
        Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        sun.misc.Unsafe unsafe = (sun.misc.Unsafe) field.get(null);
        FileDescriptor made = new FileDescriptor();
        unsafe.putInt(made, unsafe.objectFieldOffset(FileDescriptor.class.getDeclaredField("fd")), number);
        return made;
    }

    private static int parameterCount(byte[] arguments) {
        Reader all = new Reader(arguments, 0, arguments.length);
        all.count();
        all.position += 1;
        return all.count();
    }

    private static List<Class<?>> classes(String jar) throws IOException, ClassNotFoundException {
        List<Class<?>> found = new ArrayList<>();
        try (ZipFile file = new ZipFile(jar)) {
            for (ZipEntry entry : (Iterable<ZipEntry>) () -> file.stream().map(e -> (ZipEntry) e).iterator()) {
                String name = entry.getName().replaceAll("\\.class$", "").replace('/', '.');
                found.add(Class.forName(name, false, Harness.class.getClassLoader()));
            }
        }
        return found;
    }

    private static void runMain(String jar) throws Throwable {
        for (Class<?> type : classes(jar)) {
            try {
                Method main = type.getDeclaredMethod("main", String[].class);
                if (Modifier.isStatic(main.getModifiers())) {
                    main.setAccessible(true);
                    main.invoke(null, (Object) new String[0]);
                    return;
                }
            } catch (NoSuchMethodException error) {
                continue;
            } catch (InvocationTargetException error) {
                throw error.getCause();
            }
        }
        throw new NoSuchMethodException("no class has a main method");
    }

    private static Method entryPoint(String jar, String name, int parameters)
            throws IOException, ClassNotFoundException, NoSuchMethodException {
        for (Class<?> type : classes(jar)) {
            for (Method method : type.getDeclaredMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == parameters && !method.isBridge()) {
                    method.setAccessible(true);
                    return method;
                }
            }
        }
        throw new NoSuchMethodException("the program defines no method " + name + " with " + parameters + " parameters");
    }

    private static Object instance(Method entry)
            throws ReflectiveOperationException {
        Constructor<?> maker = entry.getDeclaringClass().getDeclaredConstructor();
        maker.setAccessible(true);
        return maker.newInstance();
    }

    private static void call(Method entry, Object holder, Reader in) throws IOException {
        try {
            in.expect('t');
            in.count();
            Type[] types = entry.getGenericParameterTypes();
            Object[] arguments = new Object[types.length];
            for (int at = 0; at < types.length; at++) arguments[at] = in.value(types[at]);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            write(entry.invoke(holder, arguments), out, 0);
            emit('V', out.toByteArray());
        } catch (InvocationTargetException error) {
            failed(error.getCause());
        } catch (Throwable error) {
            failed(error);
        }
    }

    private static void failed(Throwable error) throws IOException {
        Throwable cause = error instanceof ExceptionInInitializerError && error.getCause() != null ? error.getCause() : error;
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof OutOfMemoryError && !message.contains("native thread")) emit('M', "");
        else emit('E', describe(cause));
    }

    private static String describe(Throwable error) {
        String text = error.toString();
        if (text.length() > MAX_TEXT) text = text.substring(0, MAX_TEXT);
        for (StackTraceElement frame : error.getStackTrace()) {
            boolean ours = frame.getClassName().startsWith("treewright.");
            if (frame.getModuleName() == null && !ours && frame.getLineNumber() > 0) {
                return text + " (line " + frame.getLineNumber() + ")";
            }
        }
        return text;
    }

    private static void emit(char tag, String text) throws IOException {
        emit(tag, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void emit(char tag, byte[] body) throws IOException {
        byte[] frame = new byte[5 + body.length];
        frame[0] = (byte) tag;
        for (int at = 0; at < 4; at++) frame[1 + at] = (byte) (body.length >> (8 * at));
        System.arraycopy(body, 0, frame, 5, body.length);
        results.write(frame);
    }

    /** Reads values of the types that parameters have. */
    private static final class Reader {
        private final byte[] bytes;
        private final int end;
        private int position;

        Reader(byte[] bytes, int position, int end) {
            this.bytes = bytes;
            this.position = position;
            this.end = end;
        }

        void expect(char tag) {
            if (bytes[position++] != tag) {
                throw new IllegalArgumentException("an argument is not of the parameter's type");
            }
        }

        String until(char stop) {
            int start = position;
            while (bytes[position] != stop) position++;
            return new String(bytes, start, position++ - start, StandardCharsets.ISO_8859_1);
        }

        int count() {
            return Integer.parseInt(until(':'));
        }

        Object value(Type type) throws ReflectiveOperationException {
            if (type instanceof WildcardType wildcard) return value(wildcard.getUpperBounds()[0]);
            if (type instanceof TypeVariable) return natural();
            if (type instanceof ParameterizedType full) return container(full);
            if (!(type instanceof Class<?> kind)) return natural();
            if (bytes[position] == 'N' && !kind.isPrimitive()) {
                position++;
                return null;
            }
            if (kind.isRecord()) return record(kind);
            if (kind.isArray() && bytes[position] == 'l') return array(kind.getComponentType());
            Object found = natural();
            if (found instanceof Long whole) return integer(whole, kind);
            if (found instanceof Double && (kind == float.class || kind == Float.class)) {
                return ((Double) found).floatValue();
            }
            if (found instanceof String text && (kind == char.class || kind == Character.class)) {
                if (text.length() != 1) throw new IllegalArgumentException("an argument is not one char");
                return text.charAt(0);
            }
            return found;
        }

        private static Object integer(long value, Class<?> kind) {
            if (kind == int.class || kind == Integer.class) return Math.toIntExact(value);
            if (kind == short.class || kind == Short.class) return (short) value;
            if (kind == byte.class || kind == Byte.class) return (byte) value;
            if (kind == BigInteger.class) return BigInteger.valueOf(value);
            return value;
        }

        private Object container(ParameterizedType full) throws ReflectiveOperationException {
            Class<?> kind = (Class<?>) full.getRawType();
            Type[] parts = full.getActualTypeArguments();
            if (kind == Optional.class) return Optional.ofNullable(value(parts[0]));
            if (bytes[position] == 'N') {
                position++;
                return null;
            }
            if (Map.class.isAssignableFrom(kind)) {
                expect('d');
                Map<Object, Object> made = kind.isInterface() ? new LinkedHashMap<>() : made(kind);
                for (int left = count(); left > 0; left--) {
                    Object key = value(parts[0]);
                    made.put(key, value(parts[1]));
                }
                return made;
            }
            if (bytes[position] == 't') return natural();
            expect('l');
            int size = count();
            List<Object> made = new ArrayList<>(size);
            for (int left = size; left > 0; left--) made.add(value(parts[0]));
            return made;
        }

        @SuppressWarnings("unchecked")
        private static Map<Object, Object> made(Class<?> kind) throws ReflectiveOperationException {
            return (Map<Object, Object>) kind.getDeclaredConstructor().newInstance();
        }

        private Object record(Class<?> kind) throws ReflectiveOperationException {
            expect('t');
            RecordComponent[] parts = kind.getRecordComponents();
            if (count() != parts.length) {
                throw new IllegalArgumentException("a tuple of another length than the parameter's");
            }
            Class<?>[] types = new Class<?>[parts.length];
            Object[] held = new Object[parts.length];
            for (int at = 0; at < parts.length; at++) {
                types[at] = parts[at].getType();
                held[at] = value(parts[at].getGenericType());
            }
            Constructor<?> maker = kind.getDeclaredConstructor(types);
            maker.setAccessible(true);
            return maker.newInstance(held);
        }

        private Object array(Class<?> part) throws ReflectiveOperationException {
            expect('l');
            int size = count();
            Object made = Array.newInstance(part, size);
            for (int at = 0; at < size; at++) Array.set(made, at, value(part));
            return made;
        }

        /** Without a type to go by: Long, Double, Boolean, String, List, Map; a tuple is Object[]. */
        private Object natural() {
            char tag = (char) bytes[position++];
            switch (tag) {
                case 'N': return null;
                case 'T': return true;
                case 'F': return false;
                case 'i': return Long.parseLong(until(';'), 16);
                case 'f': return number(until(';'));
                case 's': return text(count());
                case 't': {
                    Object[] parts = new Object[count()];
                    for (int at = 0; at < parts.length; at++) parts[at] = natural();
                    return parts;
                }
                case 'l': {
                    int size = count();
                    List<Object> items = new ArrayList<>(size);
                    for (int left = size; left > 0; left--) items.add(natural());
                    return items;
                }
                case 'd': {
                    Map<Object, Object> pairs = new LinkedHashMap<>();
                    for (int left = count(); left > 0; left--) {
                        Object key = natural();
                        pairs.put(key, natural());
                    }
                    return pairs;
                }
                default: throw new IllegalArgumentException("arguments of kind " + tag);
            }
        }

        private static double number(String text) {
            switch (text) {
                case "nan": return Double.NaN;
                case "inf": return Double.POSITIVE_INFINITY;
                case "-inf": return Double.NEGATIVE_INFINITY;
                default: return Double.parseDouble(text);
            }
        }

        /** UTF-8, lone surrogates included. */
        private String text(int size) {
            StringBuilder made = new StringBuilder(size);
            int stop = position + size;
            while (position < stop) {
                int first = bytes[position++] & 0xff;
                int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
                int code = more == 0 ? first : first & (0x3f >> more);
                for (; more > 0; more--) code = code << 6 | bytes[position++] & 0x3f;
                made.appendCodePoint(code);
            }
            return made.toString();
        }
    }

    private static void write(Object value, ByteArrayOutputStream out, int depth) throws ReflectiveOperationException {
        if (depth > MAX_DEPTH) throw new IllegalArgumentException("a value nested too deep, or in itself");
        if (value == null) ascii("N", out);
        else if (value instanceof Boolean) ascii((Boolean) value ? "T" : "F", out);
        else if (value instanceof BigInteger) ascii("i" + ((BigInteger) value).toString(16) + ";", out);
        else if (value instanceof Double || value instanceof Float) {
            ascii("f" + pythonFloat(((Number) value).doubleValue()) + ";", out);
        } else if (value instanceof Number) ascii("i" + Long.toString(((Number) value).longValue(), 16) + ";", out);
        else if (value instanceof String || value instanceof Character) writeText(value.toString(), out);
        else if (value instanceof Optional<?> held) write(held.orElse(null), out, depth + 1);
        else if (value instanceof List<?> list) writeAll('l', list, out, depth);
        else if (value.getClass() == Object[].class) writeAll('t', Arrays.asList((Object[]) value), out, depth);
        else if (value.getClass().isArray()) writeAll('l', boxed(value), out, depth);
        else if (value instanceof Map.Entry<?, ?> pair) {
            writeAll('t', Arrays.asList(pair.getKey(), pair.getValue()), out, depth);
        } else if (value.getClass().isRecord()) writeAll('t', components(value), out, depth);
        else if (value instanceof Map<?, ?> map) writeMap(map, out, depth);
        else throw new IllegalArgumentException("the entry point returned a value of type " + value.getClass().getName());
    }

    private static void ascii(String text, ByteArrayOutputStream out) {
        for (int at = 0; at < text.length(); at++) out.write(text.charAt(at));
    }

    private static List<Object> boxed(Object array) {
        List<Object> items = new ArrayList<>();
        for (int at = 0; at < Array.getLength(array); at++) items.add(Array.get(array, at));
        return items;
    }

    private static List<Object> components(Object value) throws ReflectiveOperationException {
        List<Object> items = new ArrayList<>();
        for (RecordComponent part : value.getClass().getRecordComponents()) {
            Method accessor = part.getAccessor();
            accessor.setAccessible(true);
            items.add(accessor.invoke(value));
        }
        return items;
    }

    private static void writeAll(char tag, List<?> items, ByteArrayOutputStream out, int depth) throws ReflectiveOperationException {
        ascii(tag + "" + items.size() + ":", out);
        for (Object item : items) write(item, out, depth + 1);
    }

    private static void writeMap(Map<?, ?> map, ByteArrayOutputStream out, int depth) throws ReflectiveOperationException {
        List<byte[]> items = new ArrayList<>();
        for (Map.Entry<?, ?> pair : map.entrySet()) {
            ByteArrayOutputStream item = new ByteArrayOutputStream();
            write(pair.getKey(), item, depth + 1);
            write(pair.getValue(), item, depth + 1);
            items.add(item.toByteArray());
        }
        items.sort(Arrays::compareUnsigned);
        ascii("d" + items.size() + ":", out);
        for (byte[] item : items) out.writeBytes(item);
    }

    private static void writeText(String text, ByteArrayOutputStream out) {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        text.codePoints().forEach(code -> {
            if (code < 0x80) {
                raw.write(code);
                return;
            }
            int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
            raw.write(0xff00 >> more + 1 & 0xff | code >> 6 * more);
            for (int left = more - 1; left >= 0; left--) raw.write(0x80 | code >> 6 * left & 0x3f);
        });
        ascii("s" + raw.size() + ":", out);
        out.writeBytes(raw.toByteArray());
    }

    private static String pythonFloat(double value) {
        if (Double.isNaN(value)) return "nan";
        if (Double.isInfinite(value)) return value < 0 ? "-inf" : "inf";
        if (value == 0) return "0.0";
        BigDecimal shortest = shortest(Math.abs(value)).stripTrailingZeros();
        StringBuilder digits = new StringBuilder(shortest.unscaledValue().toString());
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            if (digits.length() > 1) digits.insert(1, '.');
            return sign + digits + "e" + (exponent < 0 ? "-" : "+") + String.format("%02d", Math.abs(exponent));
        }
        if (exponent < 0) return sign + "0." + "0".repeat(-exponent - 1) + digits;
        while (digits.length() < exponent + 2) digits.append('0');
        return sign + digits.insert(exponent + 1, '.');
    }

    /**
     * The shortest decimal that reads back as the value, the nearest of those. Double.toString gives
     * it only from Java 19 on; 15 digits or fewer that read back can be no other, if it is normal.
     */
    private static BigDecimal shortest(double value) {
        BigDecimal told = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        boolean normal = value >= Double.MIN_NORMAL;
        if (normal && told.precision() <= 15) return told;
        BigDecimal exact = new BigDecimal(value);
        for (int precision = normal ? 15 : 1; precision < 17; precision++) {
            BigDecimal best = null;
            for (RoundingMode mode : new RoundingMode[] {RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.UP}) {
                BigDecimal near = exact.round(new MathContext(precision, mode));
                boolean nearer = best == null || near.subtract(exact).abs().compareTo(best.subtract(exact).abs()) < 0;
                if (near.doubleValue() == value && nearer) best = near;
            }
            if (best != null) return best;
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }
}
