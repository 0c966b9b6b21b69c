package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// environment is what something was measured on.
type environment struct {
	Date, Machine, Go string
	Peers             []string // module@version
}

func lookAround(ctx context.Context, dir string) (environment, error) {
	imports, err := goTool(ctx, dir, "list", "-f", `{{join .TestImports "\n"}}`, ".")
	if err != nil {
		return environment{}, err
	}
	modules, err := goTool(ctx, dir, append([]string{"list", "-f",
		"{{with .Module}}{{if not .Replace}}{{.Path}}@{{.Version}}{{end}}{{end}}"}, strings.Fields(imports)...)...)
	if err != nil {
		return environment{}, err
	}
	peers := strings.Fields(modules)
	slices.Sort(peers)
	return environment{
		Date:    time.Now().Format(time.DateOnly),
		Machine: fmt.Sprintf("%s, %d cores, %s/%s", processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		Go:      runtime.Version(),
		Peers:   slices.Compact(peers),
	}, nil
}

// goTool runs the go command in dir as users of that module would, and returns
// its output.
func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "GOWORK=off"), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return string(out), nil
}

// processor returns the name of the processor where the system tells it.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// build compiles the benchmarks once.
func build(ctx context.Context, dir string) (binary string, remove func(), err error) {
	tmp, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(tmp) }
	binary = filepath.Join(tmp, "bench.test")
	if _, err := goTool(ctx, dir, "test", "-c", "-o", binary, "."); err != nil {
		remove()
		return "", nil, err
	}
	return binary, remove, nil
}

// sample is one run of one implementation.
type sample struct {
	Ns, Allocs float64 // per operation; in rows of bytes these take the place of ns
}

// measure runs all implementations of the row, round by round. The nth samples
// of all of them are of the same round.
func measure(ctx context.Context, binary, row string, rounds int, benchtime time.Duration) (map[string][]sample, error) {
	samples := make(map[string][]sample)
	for range rounds {
		cmd := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.bench=^Benchmark"+row+"$",
			"-test.benchtime="+benchtime.String())
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", row, err, out)
		}
		round, err := parse(out, row)
		if err != nil {
			return nil, err
		}
		for name, s := range round {
			samples[name] = append(samples[name], s)
		}
	}
	return samples, nil
}

// unit is what is compared in a row.
func unit(row string) string {
	if strings.HasSuffix(row, "Bytes") {
		return "B/op"
	}
	return "ns/op"
}

// parse reads the output of go test -bench for one row.
func parse(out []byte, row string) (map[string]sample, error) {
	samples := make(map[string]sample)
	for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 {
			continue
		}
		name, found := strings.CutPrefix(fields[0], "Benchmark"+row+"/")
		if !found {
			continue
		}
		if cut := strings.LastIndexByte(name, '-'); cut >= 0 { // the number of cores
			if _, err := strconv.Atoi(name[cut+1:]); err == nil {
				name = name[:cut]
			}
		}
		var s sample
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row, err)
			}
			switch fields[i+1] {
			case unit(row):
				s.Ns = value
			case "allocs/op":
				s.Allocs = value
			}
		}
		samples[name] = s
	}
	if len(samples) == 0 {
		return nil, errors.New(row + ": no benchmark of this name")
	}
	return samples, nil
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
