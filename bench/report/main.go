// Command report measures every row of the benchmarks and writes RESULTS.md, the
// samples behind it and the charts. Run it from the root of the repository, on a
// machine that does nothing else:
//
//	go run ./bench/report
//
// Ratios count, not times. One round runs all implementations of a row one after
// the other, and a ratio compares two of the same round, so that what slows the
// machine down for a while slows down both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	dir := flag.String("dir", "bench", "where the bench module is")
	rounds := flag.Int("rounds", 7, "how often to run each implementation")
	benchtime := flag.Duration("benchtime", 300*time.Millisecond, "how long to run it each time")
	rows := flag.String("row", ".", "a regular expression: the rows to measure; the others stay as they were")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *rows, *rounds, *benchtime); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, rows string, rounds int, benchtime time.Duration) error {
	only, err := regexp.Compile(rows)
	if err != nil {
		return err
	}
	saved := filepath.Join(dir, "results.json")
	results, err := load(saved)
	if err != nil {
		return err
	}
	env, err := lookAround(ctx, dir)
	if err != nil {
		return err
	}
	binary, remove, err := build(ctx, dir)
	if err != nil {
		return err
	}
	defer remove()
	for _, row := range rowNames() {
		if !only.MatchString(row) {
			continue
		}
		fmt.Println(row)
		samples, err := measure(ctx, binary, row, rounds, benchtime)
		if err != nil {
			return err
		}
		results[row] = result{Environment: env, Samples: samples}
	}
	if err := results.save(saved); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "RESULTS.md"), markdown(results), 0o644); err != nil {
		return err
	}
	return drawAll(results, filepath.Join(dir, "charts"))
}
