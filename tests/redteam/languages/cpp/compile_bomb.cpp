// Makes the compiler work without end.
// expect: COMPILE_ERROR | TIME_LIMIT
// violation: any
template <class T, int N> struct S { S<S<T, N - 1>, N - 1> a; S<S<T, N - 1>, N> b; };
template <class T> struct S<T, 0> {};
S<int, 900> made;
int f(int x) { return 4; }
