package mapreduce

import (
	"reflect"
	"unsafe"
)

// sizes knows how many bytes pairs take.
type sizes[K, V any] struct {
	user       func(K, V) int
	key, value func(reflect.Value) int // what they refer to; nil: nothing
	fixed      bool                    // all values take the same
	strings    bool                    // the keys are of type string
}

func newSizes[K, V any](user func(K, V) int) sizes[K, V] {
	s := sizes[K, V]{user: user, value: referred(reflect.TypeFor[V](), 0)}
	_, s.strings = any((*K)(nil)).(*string)
	if !s.strings {
		s.key = referred(reflect.TypeFor[K](), 0)
	}
	s.fixed = user == nil && s.value == nil
	return s
}

// pair returns how many bytes a pair takes, apart from the key and the value themselves.
func (s *sizes[K, V]) pair(key *K, value *V) int {
	if s.user != nil {
		return s.user(*key, *value)
	}
	n := 0
	if s.strings {
		n = len(*any(key).(*string))
	} else if s.key != nil {
		n = s.key(reflect.ValueOf(key).Elem())
	}
	if s.value != nil {
		n += s.value(reflect.ValueOf(value).Elem())
	}
	return n
}

const (
	word     = int(unsafe.Sizeof(uintptr(0)))
	tooDeep  = 16 // pointers may form a ring
	mapEntry = 2  // times what a key and a value take
)

// referred returns a function that returns how many bytes a value of a type refers to, or
// nil if there cannot be any.
func referred(t reflect.Type, depth int) func(reflect.Value) int {
	if depth > tooDeep {
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value) int { return v.Len() }
	case reflect.Pointer, reflect.Interface, reflect.Map:
		return func(v reflect.Value) int { return refers(v, depth) }
	case reflect.Slice:
		size, of := int(t.Elem().Size()), referred(t.Elem(), depth+1)
		return func(v reflect.Value) int {
			n := v.Cap() * size
			if of != nil {
				for i := range v.Len() {
					n += of(v.Index(i))
				}
			}
			return n
		}
	case reflect.Array:
		of := referred(t.Elem(), depth+1)
		if of == nil {
			return nil
		}
		return func(v reflect.Value) int {
			n := 0
			for i := range v.Len() {
				n += of(v.Index(i))
			}
			return n
		}
	case reflect.Struct:
		return referredByFields(t, depth)
	}
	return nil
}

func referredByFields(t reflect.Type, depth int) func(reflect.Value) int {
	of := map[int]func(reflect.Value) int{}
	for i := range t.NumField() {
		if f := referred(t.Field(i).Type, depth+1); f != nil {
			of[i] = f
		}
	}
	if len(of) == 0 {
		return nil
	}
	return func(v reflect.Value) int {
		n := 0
		for i, f := range of {
			n += f(v.Field(i))
		}
		return n
	}
}

// refers returns how many bytes a pointer, interface or map refers to.
func refers(v reflect.Value, depth int) int {
	if depth > tooDeep || v.IsNil() {
		return 0
	}
	if v.Kind() != reflect.Map {
		e := v.Elem()
		return int(e.Type().Size()) + within(e, depth+1)
	}
	n := 6 * word
	for i := v.MapRange(); i.Next(); {
		n += mapEntry*int(i.Key().Type().Size()+i.Value().Type().Size()) + within(i.Key(), depth+1) + within(i.Value(), depth+1)
	}
	return n
}

// within returns how many bytes v refers to.
func within(v reflect.Value, depth int) int {
	if of := referred(v.Type(), depth); of != nil {
		return of(v)
	}
	return 0
}
