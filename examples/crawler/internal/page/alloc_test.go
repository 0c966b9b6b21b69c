//go:build !race

package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAllocs counts on the tokenizer for most: one for each attribute.
func TestAllocs(t *testing.T) {
	pages := site()
	p := NewParser()
	i := 0
	n := testing.AllocsPerRun(200, func() {
		p.Parse("https://example.com/articles/index.html", utf8HTML, pages[i%len(pages)])
		i++
	})
	require.LessOrEqual(t, n, 285.0)

	n = testing.AllocsPerRun(200, func() {
		_, _ = Normalize("https://www.example.com/a/../b?c#d")
	})
	require.LessOrEqual(t, n, 2.0)
}
