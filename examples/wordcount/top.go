package main

import (
	"bufio"
	"cmp"
	"container/heap"
	"fmt"
	"io"
	"slices"
)

// A count says how often a word came.
type count struct {
	word  string
	times int
}

// byTimes sorts the most frequent words first.
func byTimes(a, b count) int {
	return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.word, b.word))
}

// top keeps the most frequent words, the least frequent of them at the front of a heap.
type top struct {
	counts []count
	most   int // of words, 0: any number
}

func (t *top) add(c count) {
	switch {
	case t.most == 0:
		t.counts = append(t.counts, c)
	case len(t.counts) < t.most:
		heap.Push(t, c)
	case byTimes(c, t.counts[0]) < 0:
		t.counts[0] = c
		heap.Fix(t, 0)
	}
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (t *top) Len() int           { return len(t.counts) }
func (t *top) Less(i, j int) bool { return byTimes(t.counts[i], t.counts[j]) > 0 }
func (t *top) Swap(i, j int)      { t.counts[i], t.counts[j] = t.counts[j], t.counts[i] }
func (t *top) Push(c any)         { t.counts = append(t.counts, c.(count)) }
func (t *top) Pop() any           { panic("not used") }

// print writes the words as a table.
func (t *top) print(w io.Writer) error {
	slices.SortFunc(t.counts, byTimes)
	if len(t.counts) == 0 {
		return nil
	}
	width := len(fmt.Sprint(t.counts[0].times))
	b := bufio.NewWriter(w)
	for _, c := range t.counts {
		fmt.Fprintf(b, "%*d  %s\n", width, c.times, c.word)
	}
	return b.Flush()
}
