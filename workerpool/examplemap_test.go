package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/interleave-go/interleave/workerpool"
)

func isPrime(_ context.Context, n int) (bool, error) {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false, nil
		}
	}
	return n > 1, nil
}

func ExampleMap() {
	p := workerpool.New(workerpool.OptimalSize(workerpool.CPUBound))
	defer p.Close()
	numbers := []int{112272535095293, 112582705942171, 115280095190773, 115797848077099, 1099726899285419}
	i := 0
	for prime, err := range workerpool.Map(ctx, p, slices.Values(numbers), isPrime) {
		fmt.Println(numbers[i], prime, err)
		i++
	}
	// Output:
	// 112272535095293 true <nil>
	// 112582705942171 true <nil>
	// 115280095190773 true <nil>
	// 115797848077099 true <nil>
	// 1099726899285419 false <nil>
}

func ExampleMapUnordered() {
	p := workerpool.New(4)
	defer p.Close()
	primes := 0
	for prime, err := range workerpool.MapUnordered(ctx, p, slices.Values([]int{1, 2, 3, 4, 5, 6, 7}), isPrime) {
		if err == nil && prime {
			primes++
		}
	}
	fmt.Println(primes)
	// Output: 4
}

// Stages of a pipeline hold a few values each: a slow loop slows all of them.
func ExampleMapSeq2() {
	p := workerpool.New(2)
	defer p.Close()
	words := strings.SplitSeq("the quick  fox", " ")
	trimmed := workerpool.Map(ctx, p, words, func(_ context.Context, s string) (string, error) {
		if s == "" {
			return "", errors.New("empty")
		}
		return strings.ToUpper(s), nil
	})
	lengths := workerpool.MapSeq2(ctx, p, trimmed, func(_ context.Context, s string) (string, error) {
		return fmt.Sprintf("%s has %d", s, len(s)), nil
	})
	for line, err := range lengths {
		fmt.Printf("%q %v\n", line, err)
	}
	// Output:
	// "THE has 3" <nil>
	// "QUICK has 5" <nil>
	// "" empty
	// "FOX has 3" <nil>
}
