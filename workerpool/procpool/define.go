package procpool

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// marker is the variable of the environment that makes a process a worker.
const marker = "INTERLEAVE_PROCPOOL_WORKER"

// registry has the functions by name.
var registry struct {
	mu     sync.Mutex // guards what follows
	byName map[string]*function
	closed bool // Main was called: a worker would never come to what is defined now
}

// A function is a Func without its types.
type function struct {
	name string
	// call decodes the request, and returns the reply as an encoder takes it.
	call func(ctx context.Context, decode func(any) error) (any, error)
}

// A Func is a function that workers can run, known by its name in all processes
// of the program. [Define] makes it.
type Func[Req, Rep any] struct{ f *function }

// Name returns the name that the function was defined with.
func (f Func[Req, Rep]) Name() string { return f.must().name }

// Define makes fn known to workers by the name, since a function cannot be sent
// to another process. Call it in the declaration of a package's variable, or
// otherwise before [Main], so that it happens in workers too.
//
// Requests and replies are sent by encoding/gob: exported fields only, types
// within interfaces registered by gob.Register, an empty slice arrives as nil. A
// request or a reply without any content, such as struct{}, is allowed.
//
// The context of fn ends when the task's does in the pool, and has its deadline,
// but none of its values. A worker runs one task at a time, so fn need not be safe
// for concurrent use.
//
// Define panics if the name is empty or taken, fn is nil, or Main was called.
func Define[Req, Rep any](name string, fn func(context.Context, Req) (Rep, error)) Func[Req, Rep] {
	if fn == nil {
		panic("procpool: nil function")
	}
	f := &function{name: name, call: func(ctx context.Context, decode func(any) error) (any, error) {
		req, err := unboxed[Req](decode)
		if err != nil {
			return nil, fmt.Errorf("procpool: the request of %s cannot be decoded: %w", name, err)
		}
		rep, err := fn(ctx, req)
		return boxed(&rep), err
	}}
	if err := register(f); err != "" {
		panic(err)
	}
	return Func[Req, Rep]{f}
}

func register(f *function) (mistake string) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	switch {
	case f.name == "" || len(f.name) > 1000:
		return "procpool: name of a function is empty or very long"
	case registry.byName[f.name] != nil:
		return "procpool: two functions with the name " + f.name
	case registry.closed:
		return "procpool: " + f.name + " defined after Main"
	case registry.byName == nil:
		registry.byName = make(map[string]*function)
	}
	registry.byName[f.name] = f
	return ""
}

func lookup(name []byte) *function {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.byName[string(name)]
}

func (f Func[Req, Rep]) must() *function {
	if f.f == nil {
		panic("procpool: function is not defined")
	}
	return f.f
}

// Main makes the process a worker if a pool has started it. Call it at the top of
// main, and of TestMain in tests. In a worker it does not return: it runs tasks
// until the pool wants no more, or is gone. Everywhere else it returns at once.
func Main() {
	registry.mu.Lock()
	registry.closed = true
	registry.mu.Unlock()
	if os.Getenv(marker) == "" {
		return
	}
	// What a task starts is not a worker, though it be the same program.
	_ = os.Unsetenv(marker)
	in, out := inherited()
	serve(in, out, applyLimits)
	os.Exit(0)
}

func mainWasCalled() bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.closed
}
