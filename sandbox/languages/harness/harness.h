// Included before every C++ program, precompiled: reads the arguments of each call from descriptor
// 4, calls the entry point, and writes each returned value's canonical form to descriptor 3.
#pragma once
#include <bits/stdc++.h>
#include <cxxabi.h>
#include <unistd.h>

namespace treewright {

struct Reader {
    const char* position;
    const char* end;

    char take() {
        if (position == end) throw std::runtime_error("arguments end early");
        return *position++;
    }
    char peek() const { return position == end ? '\0' : *position; }
    std::string until(char stop) {
        const char* found = std::find(position, end, stop);
        std::string text(position, found);
        position = found == end ? end : found + 1;
        return text;
    }
    size_t count() { return std::stoull(until(':')); }
    std::string raw() {
        size_t size = count();
        std::string text(position, size);
        position += size;
        return text;
    }
    void expect(char tag) {
        if (take() != tag) throw std::invalid_argument("an argument is not of the parameter's type");
    }
};

template <class T> struct Form;  // read(Reader&) -> T, write(const T&, std::string&)

inline void write_double(double value, std::string& out) {
    if (std::isnan(value)) { out += "fnan;"; return; }
    if (std::isinf(value)) { out += value < 0 ? "f-inf;" : "finf;"; return; }
    if (value == 0) { out += "f0.0;"; return; }
    char text[64];
    auto done = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    std::string_view all(text, done.ptr - text);
    size_t at = all.find('e');
    int exponent = std::atoi(std::string(all.substr(at + 1)).c_str());
    out += 'f';
    if (exponent < -4 || exponent >= 16) {
        out.append(all).append(";");
        return;
    }
    std::string digits;
    for (char c : all.substr(0, at)) {
        if (c == '-') out += '-';
        else if (c != '.') digits += c;
    }
    if (exponent < 0) {
        out.append("0.").append(-exponent - 1, '0').append(digits);
    } else {
        size_t whole = exponent + 1;
        if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
        out.append(digits, 0, whole).append(".").append(digits, whole, std::string::npos);
    }
    out += ';';
}


template <class T> T read(Reader& in) { return Form<T>::read(in); }
template <class T> void write(const T& value, std::string& out) { Form<T>::write(value, out); }

template <class T> struct IntegerForm {
    static T read(Reader& in) {
        in.expect('i');
        bool negative = in.peek() == '-';
        if (negative) in.take();
        std::string text = in.until(';');
        unsigned long long size = 0;
        auto done = std::from_chars(text.data(), text.data() + text.size(), size, 16);
        __int128 value = negative ? -static_cast<__int128>(size) : static_cast<__int128>(size);
        if (done.ec != std::errc() || value < static_cast<__int128>(std::numeric_limits<T>::min()) ||
            value > static_cast<__int128>(std::numeric_limits<T>::max()))
            throw std::out_of_range("an argument is too large for the parameter's type");
        return static_cast<T>(value);
    }
    static void write(T value, std::string& out) {
        char text[32];
        auto done = std::to_chars(text, text + sizeof text, value, 16);
        out.append("i").append(text, done.ptr - text).append(";");
    }
};
template <> struct Form<short> : IntegerForm<short> {};
template <> struct Form<unsigned short> : IntegerForm<unsigned short> {};
template <> struct Form<int> : IntegerForm<int> {};
template <> struct Form<unsigned> : IntegerForm<unsigned> {};
template <> struct Form<long> : IntegerForm<long> {};
template <> struct Form<unsigned long> : IntegerForm<unsigned long> {};
template <> struct Form<long long> : IntegerForm<long long> {};
template <> struct Form<unsigned long long> : IntegerForm<unsigned long long> {};

template <> struct Form<bool> {
    static bool read(Reader& in) {
        char tag = in.take();
        if (tag != 'T' && tag != 'F') throw std::invalid_argument("an argument is not a bool");
        return tag == 'T';
    }
    static void write(bool value, std::string& out) { out += value ? 'T' : 'F'; }
};

template <> struct Form<double> {
    static double read(Reader& in) {
        in.expect('f');
        return std::strtod(in.until(';').c_str(), nullptr);
    }
    static void write(double value, std::string& out) { write_double(value, out); }
};
template <> struct Form<float> {
    static float read(Reader& in) { return static_cast<float>(Form<double>::read(in)); }
    static void write(float value, std::string& out) { write_double(value, out); }
};
template <> struct Form<long double> {
    static long double read(Reader& in) { return Form<double>::read(in); }
    static void write(long double value, std::string& out) {
        write_double(static_cast<double>(value), out);
    }
};

template <> struct Form<std::string> {
    static std::string read(Reader& in) {
        in.expect('s');
        return in.raw();
    }
    static void write(std::string_view value, std::string& out) {
        out.append("s").append(std::to_string(value.size())).append(":").append(value);
    }
};
template <> struct Form<std::string_view> {
    static void write(std::string_view value, std::string& out) {
        Form<std::string>::write(value, out);
    }
};
template <> struct Form<const char*> {
    static void write(const char* value, std::string& out) { Form<std::string>::write(value, out); }
};
template <> struct Form<char> {
    static char read(Reader& in) {
        std::string text = Form<std::string>::read(in);
        if (text.size() != 1) throw std::invalid_argument("an argument is not one char");
        return text[0];
    }
    static void write(char value, std::string& out) {
        Form<std::string>::write(std::string_view(&value, 1), out);
    }
};

template <class T> struct Form<std::optional<T>> {
    static std::optional<T> read(Reader& in) {
        if (in.peek() != 'N') return treewright::read<T>(in);
        in.take();
        return std::nullopt;
    }
    static void write(const std::optional<T>& value, std::string& out) {
        if (value) treewright::write<T>(*value, out);
        else out += 'N';
    }
};

template <class L, class T> struct ListForm {
    static L read(Reader& in) {
        in.expect('l');
        L made;
        for (size_t left = in.count(); left > 0; --left) made.push_back(treewright::read<T>(in));
        return made;
    }
    static void write(const L& value, std::string& out) {
        out.append("l").append(std::to_string(value.size())).append(":");
        for (const auto& item : value) treewright::write<T>(item, out);
    }
};
template <class T> struct Form<std::vector<T>> : ListForm<std::vector<T>, T> {};
template <class T> struct Form<std::list<T>> : ListForm<std::list<T>, T> {};
template <class T> struct Form<std::deque<T>> : ListForm<std::deque<T>, T> {};

template <class T, class... Parts> struct TupleForm {
    static T read(Reader& in) {
        in.expect('t');
        if (in.count() != sizeof...(Parts))
            throw std::invalid_argument("a tuple of another length than the parameter's");
        return T{treewright::read<Parts>(in)...};  // braces: in this order
    }
    static void write(const T& value, std::string& out) {
        out.append("t").append(std::to_string(sizeof...(Parts))).append(":");
        std::apply([&](const auto&... part) { (treewright::write<Parts>(part, out), ...); }, value);
    }
};
template <class... Parts>
struct Form<std::tuple<Parts...>> : TupleForm<std::tuple<Parts...>, Parts...> {};
template <class A, class B> struct Form<std::pair<A, B>> : TupleForm<std::pair<A, B>, A, B> {};

template <class M, class K, class V> struct MapForm {
    static M read(Reader& in) {
        in.expect('d');
        M made;
        for (size_t left = in.count(); left > 0; --left) {
            K key = treewright::read<K>(in);
            made.emplace(std::move(key), treewright::read<V>(in));
        }
        return made;
    }
    static void write(const M& value, std::string& out) {
        std::vector<std::string> items;
        for (const auto& [key, held] : value) {
            items.emplace_back();
            treewright::write<K>(key, items.back());
            treewright::write<V>(held, items.back());
        }
        std::sort(items.begin(), items.end());
        out.append("d").append(std::to_string(items.size())).append(":");
        for (const auto& item : items) out += item;
    }
};
template <class K, class V> struct Form<std::map<K, V>> : MapForm<std::map<K, V>, K, V> {};
template <class K, class V>
struct Form<std::unordered_map<K, V>> : MapForm<std::unordered_map<K, V>, K, V> {};

inline void emit(char tag, const std::string& body) {
    std::string frame(1, tag);
    for (int shift = 0; shift < 32; shift += 8)
        frame += static_cast<char>(body.size() >> shift & 255);
    frame += body;
    for (size_t sent = 0; sent < frame.size();) {
        ssize_t count = ::write(3, frame.data() + sent, frame.size() - sent);
        if (count < 0 && errno != EINTR) _exit(1);
        if (count > 0) sent += count;
    }
}

inline std::string type_name(const std::type_info& type) {
    int status = 0;
    char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string name = text ? text : type.name();
    std::free(text);
    return name;
}

template <class Result, class... Parameters>
void call(Result (*entry)(Parameters...), Reader& in) {
    try {
        in.expect('t');
        if (in.count() != sizeof...(Parameters))
            throw std::invalid_argument("the entry point takes another number of arguments");
        std::tuple<std::decay_t<Parameters>...> arguments{read<std::decay_t<Parameters>>(in)...};
        std::string out;
        write<std::decay_t<Result>>(
            std::apply(
                [&](auto&... held) -> decltype(auto) {
                    return entry(static_cast<Parameters&&>(held)...);
                },
                arguments),
            out);
        emit('V', out);
    } catch (const std::bad_alloc&) {
        emit('M', "");
    } catch (const std::exception& error) {
        emit('E', type_name(typeid(error)) + ": " + std::string(error.what()).substr(0, 400));
    } catch (...) {
        const std::type_info* type = abi::__cxa_current_exception_type();
        emit('E', type ? type_name(*type) : "an unknown exception");
    }
}

inline std::string arguments() {
    std::string text;
    char chunk[65536];
    for (ssize_t count; (count = ::read(4, chunk, sizeof chunk)) > 0;) text.append(chunk, count);
    return text;
}

template <class Entry> int serve(Entry entry) {
    std::string text = arguments();
    Reader all{text.data(), text.data() + text.size()};
    while (all.position != all.end) {
        size_t size = all.count();
        Reader one{all.position, all.position + size};
        all.position += size;
        call(entry, one);
    }
    std::cout.flush();
    std::fflush(nullptr);
    emit('D', "");
    _exit(0);
}

}  // namespace treewright
