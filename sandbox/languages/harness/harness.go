// Package treewright is compiled once in each jail: it reads the arguments of each call from
// descriptor 4, and writes each returned value's canonical form to descriptor 3.
package treewright

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

const maxDepth = 40
const maxText = 400

type reader struct {
	data     []byte
	position int
}

func (in *reader) take() byte {
	in.position++
	return in.data[in.position-1]
}

func (in *reader) expect(tag byte) {
	if in.take() != tag {
		panic("an argument is not of the parameter's type")
	}
}

func (in *reader) until(stop byte) string {
	size := bytes.IndexByte(in.data[in.position:], stop)
	text := string(in.data[in.position : in.position+size])
	in.position += size + 1
	return text
}

func (in *reader) count() int {
	count, err := strconv.Atoi(in.until(':'))
	if err != nil {
		panic(err)
	}
	return count
}

func (in *reader) raw() []byte {
	size := in.count()
	in.position += size
	return in.data[in.position-size : in.position]
}

// value reads one value of a parameter's type.
func (in *reader) value(kind reflect.Type) reflect.Value {
	made := reflect.New(kind).Elem()
	switch kind.Kind() {
	case reflect.Ptr:
		if in.data[in.position] == 'N' {
			in.position++
			return made
		}
		made.Set(reflect.New(kind.Elem()))
		made.Elem().Set(in.value(kind.Elem()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		in.expect('i')
		whole, err := strconv.ParseInt(in.until(';'), 16, kind.Bits())
		check(err)
		made.SetInt(whole)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		in.expect('i')
		whole, err := strconv.ParseUint(in.until(';'), 16, kind.Bits())
		check(err)
		made.SetUint(whole)
	case reflect.Float32, reflect.Float64:
		in.expect('f')
		number, err := strconv.ParseFloat(in.until(';'), 64)
		check(err)
		made.SetFloat(number)
	case reflect.Bool:
		tag := in.take()
		if tag != 'T' && tag != 'F' {
			panic("an argument is not a bool")
		}
		made.SetBool(tag == 'T')
	case reflect.String:
		in.expect('s')
		made.SetString(string(in.raw()))
	case reflect.Slice:
		in.expect('l')
		count := in.count()
		made.Set(reflect.MakeSlice(kind, count, count))
		for at := 0; at < count; at++ {
			made.Index(at).Set(in.value(kind.Elem()))
		}
	case reflect.Struct, reflect.Array:
		in.parts(made)
	case reflect.Map:
		in.expect('d')
		made.Set(reflect.MakeMap(kind))
		for left := in.count(); left > 0; left-- {
			key := in.value(kind.Key())
			made.SetMapIndex(key, in.value(kind.Elem()))
		}
	default:
		panic("a parameter of type " + kind.String())
	}
	return made
}

// parts reads a tuple into a struct's fields or an array's items.
func (in *reader) parts(made reflect.Value) {
	in.expect('t')
	var places []reflect.Value
	if made.Kind() == reflect.Array {
		for at := 0; at < made.Len(); at++ {
			places = append(places, made.Index(at))
		}
	} else {
		for at := 0; at < made.NumField(); at++ {
			places = append(places, open(made.Field(at)))
		}
	}
	if in.count() != len(places) {
		panic("a tuple of another length than the parameter's")
	}
	for _, place := range places {
		place.Set(in.value(place.Type()))
	}
}

// open makes a field with a small letter writable.
func open(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
}

func check(err error) {
	if err != nil {
		panic("an argument does not fit the parameter's type: " + err.Error())
	}
}

func write(value reflect.Value, out *bytes.Buffer, depth int) {
	if depth > maxDepth {
		panic("a value nested too deep, or in itself")
	}
	switch value.Kind() {
	case reflect.Invalid:
		out.WriteByte('N')
	case reflect.Ptr, reflect.Interface:
		if value.IsNil() {
			out.WriteByte('N')
		} else {
			write(value.Elem(), out, depth+1)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		out.WriteString("i" + strconv.FormatInt(value.Int(), 16) + ";")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		out.WriteString("i" + strconv.FormatUint(value.Uint(), 16) + ";")
	case reflect.Float32, reflect.Float64:
		out.WriteString("f" + pythonFloat(value.Float()) + ";")
	case reflect.Bool:
		if value.Bool() {
			out.WriteByte('T')
		} else {
			out.WriteByte('F')
		}
	case reflect.String:
		fmt.Fprintf(out, "s%d:%s", value.Len(), value.String())
	case reflect.Slice:
		fmt.Fprintf(out, "l%d:", value.Len())
		for at := 0; at < value.Len(); at++ {
			write(value.Index(at), out, depth+1)
		}
	case reflect.Array:
		fmt.Fprintf(out, "t%d:", value.Len())
		for at := 0; at < value.Len(); at++ {
			write(value.Index(at), out, depth+1)
		}
	case reflect.Struct:
		fmt.Fprintf(out, "t%d:", value.NumField())
		for at := 0; at < value.NumField(); at++ {
			write(value.Field(at), out, depth+1)
		}
	case reflect.Map:
		writeMap(value, out, depth)
	default:
		panic("the entry point returned a value of type " + value.Type().String())
	}
}

func writeMap(value reflect.Value, out *bytes.Buffer, depth int) {
	items := make([]string, 0, value.Len())
	for pairs := value.MapRange(); pairs.Next(); {
		var item bytes.Buffer
		write(pairs.Key(), &item, depth+1)
		write(pairs.Value(), &item, depth+1)
		items = append(items, item.String())
	}
	sort.Strings(items)
	fmt.Fprintf(out, "d%d:%s", len(items), strings.Join(items, ""))
}

func pythonFloat(value float64) string {
	switch {
	case math.IsNaN(value):
		return "nan"
	case math.IsInf(value, 1):
		return "inf"
	case math.IsInf(value, -1):
		return "-inf"
	case value == 0:
		return "0.0"
	}
	text := strconv.FormatFloat(value, 'e', -1, 64)
	exponent, _ := strconv.Atoi(text[strings.IndexByte(text, 'e')+1:])
	if exponent < -4 || exponent >= 16 {
		return text
	}
	text = strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func emit(tag byte, body []byte) {
	size := len(body)
	frame := append([]byte{tag, byte(size), byte(size >> 8), byte(size >> 16), byte(size >> 24)}, body...)
	for len(frame) > 0 {
		sent, err := syscall.Write(3, frame)
		if err != nil && err != syscall.EINTR {
			os.Exit(1)
		}
		if sent > 0 {
			frame = frame[sent:]
		}
	}
}

func call(entry reflect.Value, in *reader) {
	defer func() {
		if problem := recover(); problem != nil {
			text := fmt.Sprintf("panic: %v", problem)
			if err, is := problem.(runtime.Error); is {
				text = "panic: " + err.Error()
			}
			if len(text) > maxText {
				text = text[:maxText]
			}
			emit('E', []byte(text))
		}
	}()
	kind := entry.Type()
	in.expect('t')
	if in.count() != kind.NumIn() {
		panic("the entry point takes another number of arguments")
	}
	arguments := make([]reflect.Value, kind.NumIn())
	for at := range arguments {
		arguments[at] = in.value(kind.In(at))
	}
	var results []reflect.Value
	if kind.IsVariadic() {
		results = entry.CallSlice(arguments)
	} else {
		results = entry.Call(arguments)
	}
	var out bytes.Buffer
	if len(results) == 1 {
		write(results[0], &out, 0)
	} else {
		fmt.Fprintf(&out, "t%d:", len(results))
		for _, result := range results {
			write(result, &out, 1)
		}
	}
	emit('V', out.Bytes())
}

// Serve calls the entry point with each test's arguments and ends the program.
func Serve(entry interface{}) {
	var all reader
	chunk := make([]byte, 1<<16)
	for {
		count, err := syscall.Read(4, chunk)
		if count <= 0 || err != nil {
			break
		}
		all.data = append(all.data, chunk[:count]...)
	}
	for all.position < len(all.data) {
		call(reflect.ValueOf(entry), &reader{data: all.raw()})
	}
	emit('D', nil)
	os.Exit(0)
}
