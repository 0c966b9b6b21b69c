package semaphore_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/interleave-go/interleave/semaphore"
)

func ExampleWeighted() {
	sem := semaphore.NewWeighted(2) // two downloads at once
	var wg sync.WaitGroup
	var sizes [3]int
	for i, name := range []string{"a.txt", "bb.txt", "ccc.txt"} {
		wg.Go(func() {
			if err := sem.Acquire(context.Background(), 1); err != nil {
				return
			}
			defer sem.Release(1)
			sizes[i] = len(name) // download
		})
	}
	wg.Wait()
	fmt.Println(sizes, sem.Stats())
	// Output: [5 6 7] limit=2 in_use=0 waiting=0
}
