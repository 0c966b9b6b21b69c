package procpool

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMisuse(t *testing.T) {
	for want, misuse := range map[string]func(){
		"procpool: number of workers is not positive":        func() { New(0) },
		"procpool: idle time is not positive":                func() { IdleTime(0) },
		"procpool: timeout is not positive":                  func() { Timeout(-1) },
		"procpool: grace is not positive":                    func() { Grace(0) },
		"procpool: number of tasks is not positive":          func() { MaxTasks(0) },
		"procpool: memory limit is not positive":             func() { MemoryLimit(0) },
		"procpool: limit of CPU time is not positive":        func() { CPULimit(0) },
		"procpool: size of a chunk is not positive":          func() { Chunk(0) },
		"procpool: nil writer":                               func() { Output(nil) },
		"procpool: nil function":                             func() { Define[int, int]("x", nil) },
		"procpool: function is not defined":                  func() { _ = Func[int, int]{}.Name() },
		"procpool: two functions with the name double":       func() { Define("double", echo) },
		"procpool: name of a function is empty or very long": func() { Define("", echo) },
		"procpool: defined too late defined after Main":      func() { Define("defined too late", echo) },
	} {
		require.PanicsWithValue(t, want, misuse)
	}
	require.Nil(t, lookup([]byte("defined too late")))
}

func echo(_ context.Context, n int) (int, error) { return n, nil }
