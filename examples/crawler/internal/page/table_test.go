package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParserForgets(t *testing.T) {
	p := NewParser()
	parseLinks := func(n, length int) {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<a href=%d%d%s>%d</a>", p.urls.page, i, strings.Repeat("a", length), i)
		}
		pg := p.Parse(pageURL, utf8HTML, []byte(b.String()))
		require.Len(t, pg.Links, n)
		for i, l := range pg.Links {
			require.Equal(t, fmt.Sprint(i), l.Text)
		}
	}
	for range 40 {
		parseLinks(500, 0)
		require.LessOrEqual(t, len(p.urls.urls), maxKnown+500+1)
	}
	for range 5 {
		parseLinks(500, 2000)
		require.LessOrEqual(t, p.urls.bytes, maxKnownBytes+500*(2000+maxText+100))
	}
	require.Equal(t, len(p.urls.index), len(p.urls.urls))
}

func TestParserRemembers(t *testing.T) {
	p := NewParser()
	first := p.Parse(pageURL, utf8HTML, []byte(`<a href=a>1</a><a href=b>2</a><a href="//[">x</a>`))
	size := len(p.urls.urls)
	second := p.Parse("http://example.com/dir/b", utf8HTML, []byte(`<a href="//[">y</a><a href=b>3</a><a href=a>4</a>`))
	require.Equal(t, []string{"/dir/a 1", "/dir/b 2", "//[ x !"}, links(first), "changed by the second page")
	require.Equal(t, []string{"//[ y !", "/dir/a 4"}, links(second))
	require.Equal(t, size, len(p.urls.urls))
}

func TestParserStartsAfresh(t *testing.T) {
	p := NewParser()
	for _, before := range []string{"<svg>", "<template>", "<a href=x><svg><style>", "<title>", "<base href=/b/>", "<meta name=robots content=none>", "<a href=x>"} {
		p.Parse(pageURL, utf8HTML, []byte(before))
		pg := p.Parse(pageURL, utf8HTML, []byte("y<a href=a>z</a><title>b</title><script src=c></script>"))
		require.Equal(t, []string{"/dir/a z", "/dir/c script"}, links(pg), before)
		require.Equal(t, "b", pg.Title, before)
		require.False(t, pg.NoFollow)
	}
}

func TestParserKeepsNoPage(t *testing.T) {
	p := NewParser()
	pg := p.Parse(pageURL, utf8HTML, []byte(strings.Repeat("<a href=a><a href=b>", 1000)))
	require.Len(t, pg.Links, 2)
	require.Nil(t, p.z)
	require.Nil(t, p.page.Links)
	require.Zero(t, p.body.Size())
}
