package mapreduce

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
)

// checkType panics if a file cannot keep values of type V: encoding/gob leaves out fields
// silently, and that would show only when there is so much that it has to be written.
func checkType[V any]() {
	t := reflect.TypeFor[V]()
	if what := unkept(t, map[reflect.Type]bool{}); what != "" {
		panic(fmt.Sprintf("mapreduce: values of type %v cannot be kept in a file, because of %s; "+
			"see Job, or keep them in memory by Memory: -1", t, what))
	}
}

// unkept says what in a type a file does not keep, or "".
func unkept(t reflect.Type, seen map[reflect.Type]bool) string {
	if seen[t] || t.Size() == 0 && t.Kind() != reflect.Array || encodesItself(t) {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return t.String()
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return unkept(t.Elem(), seen)
	case reflect.Map:
		if what := unkept(t.Key(), seen); what != "" {
			return what
		}
		return unkept(t.Elem(), seen)
	case reflect.Struct:
		for f := range fields(t) {
			if !f.IsExported() {
				return fmt.Sprintf("field %s of %v", f.Name, t)
			}
			if what := unkept(f.Type, seen); what != "" {
				return what
			}
		}
	}
	return ""
}

// fields yields the fields of a struct that take memory.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.Type.Size() > 0 && !yield(f) {
				return
			}
		}
	}
}

var encoders = []reflect.Type{
	reflect.TypeFor[gob.GobEncoder](),
	reflect.TypeFor[encoding.BinaryMarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](),
}

// encodesItself reports whether gob leaves it to the type to encode itself.
func encodesItself(t reflect.Type) bool {
	for _, e := range encoders {
		if t.Implements(e) || reflect.PointerTo(t).Implements(e) {
			return true
		}
	}
	return false
}
