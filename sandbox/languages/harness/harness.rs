//! Compiled once in each jail: reads the arguments of each call from descriptor 4, and writes each
//! returned value's canonical form to descriptor 3.
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::panic::{catch_unwind, AssertUnwindSafe};

extern "C" {
    fn write(descriptor: i32, data: *const u8, size: usize) -> isize;
    fn read(descriptor: i32, data: *mut u8, size: usize) -> isize;
    fn _exit(status: i32) -> !;
}

/// The system's allocator, which says so when there is no memory left.
struct Telling;

unsafe impl GlobalAlloc for Telling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        told(System.alloc(layout))
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        told(System.alloc_zeroed(layout))
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        told(System.realloc(old, layout, size))
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        System.dealloc(old, layout)
    }
}

#[global_allocator]
static ALLOCATOR: Telling = Telling;

unsafe fn told(made: *mut u8) -> *mut u8 {
    if made.is_null() {
        write(3, b"M\0\0\0\0".as_ptr(), 5);
        _exit(0);
    }
    made
}

pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self) -> u8 {
        self.position += 1;
        self.bytes[self.position - 1]
    }

    fn expect(&mut self, tag: u8) {
        if self.take() != tag {
            panic!("an argument is not of the parameter's type");
        }
    }

    fn until(&mut self, stop: u8) -> &'a str {
        let start = self.position;
        while self.bytes[self.position] != stop {
            self.position += 1;
        }
        self.position += 1;
        std::str::from_utf8(&self.bytes[start..self.position - 1]).unwrap()
    }

    fn count(&mut self) -> usize {
        self.until(b':').parse().unwrap()
    }

    fn raw(&mut self) -> &'a [u8] {
        let size = self.count();
        self.position += size;
        &self.bytes[self.position - size..self.position]
    }

    /// Start of a call: how many arguments it has.
    pub fn arguments(&mut self) {
        self.expect(b't');
        self.count();
    }

    /// The next argument, of the type that the parameter has.
    pub fn next<T: Form>(&mut self) -> T {
        T::read(self)
    }
}

pub trait Form: Sized {
    fn read(from: &mut Reader) -> Self;
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! integers {
    ($($kind:ty)*) => {$(
        impl Form for $kind {
            fn read(from: &mut Reader) -> Self {
                from.expect(b'i');
                let text = from.until(b';');
                let value = i128::from_str_radix(text, 16).unwrap();
                <$kind>::try_from(value).expect("an argument is too large for the parameter's type")
            }
            fn write(&self, out: &mut Vec<u8>) {
                let value = *self as i128;
                let sign = if value < 0 { "-" } else { "" };
                out.extend(format!("i{}{:x};", sign, value.unsigned_abs()).bytes());
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

impl Form for bool {
    fn read(from: &mut Reader) -> Self {
        match from.take() {
            b'T' => true,
            b'F' => false,
            _ => panic!("an argument is not a bool"),
        }
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(if *self { b'T' } else { b'F' });
    }
}

impl Form for f64 {
    fn read(from: &mut Reader) -> Self {
        from.expect(b'f');
        from.until(b';').parse().unwrap()
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(format!("f{};", python_float(*self)).bytes());
    }
}

impl Form for f32 {
    fn read(from: &mut Reader) -> Self {
        f64::read(from) as f32
    }
    fn write(&self, out: &mut Vec<u8>) {
        (*self as f64).write(out)
    }
}

fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_string();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_string();
    }
    if value == 0.0 {
        return "0.0".to_string();
    }
    let shortest = format!("{:e}", value.abs());
    // Between two equally near Rust takes the upper one, Python the even one.
    let places = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{:.*e}", places - 1, value.abs());
    let same = rounded.parse::<f64>() == Ok(value.abs());
    let text = if same { rounded } else { shortest };
    let (mantissa, power) = text.split_once('e').unwrap();
    let exponent: i32 = power.parse().unwrap();
    let sign = if value < 0.0 { "-" } else { "" };
    if !(-4..16).contains(&exponent) {
        let mark = if exponent < 0 { '-' } else { '+' };
        return format!("{}{}e{}{:02}", sign, mantissa, mark, exponent.abs());
    }
    let mut digits = mantissa.replace('.', "");
    if exponent < 0 {
        return format!("{}0.{}{}", sign, "0".repeat((-exponent - 1) as usize), digits);
    }
    let whole = exponent as usize + 1;
    while digits.len() <= whole {
        digits.push('0');
    }
    format!("{}{}.{}", sign, &digits[..whole], &digits[whole..])
}

fn write_text(value: &str, out: &mut Vec<u8>) {
    out.extend(format!("s{}:", value.len()).bytes());
    out.extend(value.bytes());
}

impl Form for String {
    fn read(from: &mut Reader) -> Self {
        from.expect(b's');
        String::from_utf8(from.raw().to_vec()).expect("an argument is no valid String")
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out)
    }
}

impl Form for &'static str {
    fn read(from: &mut Reader) -> Self {
        Box::leak(String::read(from).into_boxed_str())
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out)
    }
}

impl Form for char {
    fn read(from: &mut Reader) -> Self {
        let text = String::read(from);
        let mut all = text.chars();
        match (all.next(), all.next()) {
            (Some(one), None) => one,
            _ => panic!("an argument is not one char"),
        }
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(&self.to_string(), out)
    }
}

impl<T: Form> Form for Option<T> {
    fn read(from: &mut Reader) -> Self {
        if from.bytes[from.position] == b'N' {
            from.position += 1;
            return None;
        }
        Some(T::read(from))
    }
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.push(b'N'),
        }
    }
}

fn write_list<T: Form>(value: &[T], out: &mut Vec<u8>) {
    out.extend(format!("l{}:", value.len()).bytes());
    for item in value {
        item.write(out);
    }
}

impl<T: Form> Form for Vec<T> {
    fn read(from: &mut Reader) -> Self {
        from.expect(b'l');
        (0..from.count()).map(|_| T::read(from)).collect()
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_list(self, out)
    }
}

impl<T: Form + 'static> Form for &'static [T] {
    fn read(from: &mut Reader) -> Self {
        Box::leak(Vec::read(from).into_boxed_slice())
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_list(self, out)
    }
}

/// `&Vec<T>`, `&String`, `&HashMap<K, V>`…: what they point to stays for good.
macro_rules! borrowed {
    ($([$($bound:tt)*] $kind:ty),*) => {$(
        impl<$($bound)*> Form for &'static $kind {
            fn read(from: &mut Reader) -> Self {
                Box::leak(Box::new(<$kind>::read(from)))
            }
            fn write(&self, out: &mut Vec<u8>) {
                <$kind>::write(*self, out)
            }
        }
    )*};
}
borrowed!([T: Form + 'static] Vec<T>, [] String,
    [K: Form + Eq + Hash + 'static, V: Form + 'static] HashMap<K, V>,
    [K: Form + Ord + 'static, V: Form + 'static] BTreeMap<K, V>);

macro_rules! tuples {
    ($($count:literal: $($part:ident $at:tt),+;)*) => {$(
        impl<$($part: Form),+> Form for ($($part,)+) {
            fn read(from: &mut Reader) -> Self {
                from.expect(b't');
                if from.count() != $count {
                    panic!("a tuple of another length than the parameter's");
                }
                ($($part::read(from),)+)
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(format!("t{}:", $count).bytes());
                $(self.$at.write(out);)+
            }
        }
    )*};
}
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}

fn read_pairs<K: Form, V: Form>(from: &mut Reader) -> Vec<(K, V)> {
    from.expect(b'd');
    (0..from.count()).map(|_| (K::read(from), V::read(from))).collect()
}

fn write_pairs<'a, K: Form + 'a, V: Form + 'a>(
    pairs: impl Iterator<Item = (&'a K, &'a V)>,
    out: &mut Vec<u8>,
) {
    let mut items: Vec<Vec<u8>> = pairs
        .map(|(key, held)| {
            let mut item = Vec::new();
            key.write(&mut item);
            held.write(&mut item);
            item
        })
        .collect();
    items.sort();
    out.extend(format!("d{}:", items.len()).bytes());
    out.extend(items.concat());
}

impl<K: Form + Eq + Hash, V: Form> Form for HashMap<K, V> {
    fn read(from: &mut Reader) -> Self {
        read_pairs(from).into_iter().collect()
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_pairs(self.iter(), out)
    }
}

impl<K: Form + Ord, V: Form> Form for BTreeMap<K, V> {
    fn read(from: &mut Reader) -> Self {
        read_pairs(from).into_iter().collect()
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_pairs(self.iter(), out)
    }
}

fn emit(tag: u8, body: &[u8]) {
    let mut frame = vec![tag];
    frame.extend((body.len() as u32).to_le_bytes());
    frame.extend(body);
    let mut rest = &frame[..];
    while !rest.is_empty() {
        let sent = unsafe { write(3, rest.as_ptr(), rest.len()) };
        if sent < 0 {
            unsafe { _exit(1) };
        }
        rest = &rest[sent as usize..];
    }
}

fn arguments() -> Vec<u8> {
    let mut all = Vec::new();
    let mut chunk = vec![0u8; 1 << 16];
    loop {
        let count = unsafe { read(4, chunk.as_mut_ptr(), chunk.len()) };
        if count <= 0 {
            return all;
        }
        all.extend(&chunk[..count as usize]);
    }
}

/// Call the entry point with each test's arguments.
pub fn serve(call: fn(&mut Reader, &mut Vec<u8>)) {
    let bytes = arguments();
    let mut all = Reader { bytes: &bytes, position: 0 };
    while all.position < bytes.len() {
        let mut one = Reader { bytes: all.raw(), position: 0 };
        let mut out = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            one.arguments();
            call(&mut one, &mut out);
        }));
        match ended {
            Ok(()) => emit(b'V', &out),
            Err(error) => emit(b'E', message(&*error).as_bytes()),
        }
    }
    emit(b'D', b"");
}


fn message(error: &(dyn std::any::Any + Send)) -> String {
    let text = if let Some(text) = error.downcast_ref::<&str>() {
        text.to_string()
    } else if let Some(text) = error.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_string()
    };
    format!("panic: {}", text.chars().take(400).collect::<String>())
}
