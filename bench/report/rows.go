package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// target is the highest ratio ours/other that is good enough.
type target struct {
	row, other string
	ratio      float64
}

//go:embed rows.tsv
var rowsTSV string

var targets = parseTargets(rowsTSV)

func parseTargets(tsv string) []target {
	var list []target
	for i, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		if i == 0 {
			continue // the names of the columns
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			panic(fmt.Sprintf("rows.tsv: line %d has %d fields", i+1, len(fields)))
		}
		ratio, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			panic(fmt.Sprintf("rows.tsv: line %d: %v", i+1, err))
		}
		list = append(list, target{fields[0], fields[1], ratio})
	}
	return list
}

// rowNames returns the rows in the order of the table, each once.
func rowNames() []string {
	var names []string
	for _, t := range targets {
		names = append(names, t.row)
	}
	return slices.Compact(names)
}

// group returns what the name of a row begins with: the package.
func group(row string) string {
	end := strings.IndexFunc(row[1:], func(r rune) bool { return 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' })
	return row[:end+1]
}
