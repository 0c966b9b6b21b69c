package page

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSrcset(t *testing.T) {
	for srcset, want := range map[string][]string{
		"":                        nil,
		" , ,, ":                  nil,
		"a":                       {"a"},
		"a 1x":                    {"a"},
		"a 1x, b 2x":              {"a", "b"},
		"a 1x,b 2x":               {"a", "b"},
		"a,b":                     {"a,b"},
		"a, b":                    {"a", "b"},
		"a,,, b":                  {"a", "b"},
		",a ,b":                   {"a", "b"},
		"\n a\t1x\f,\r\n b 2.5x ": {"a", "b"},
		"a,b,c 1x, d":             {"a,b,c", "d"},
		"http://a/w_1,h_2/b 100w, http://a/w_2,h_4/b 200w": {"http://a/w_1,h_2/b", "http://a/w_2,h_4/b"},
		"data:image/png;base64,AA== 1x, b 2x":              {"data:image/png;base64,AA==", "b"},
		"data:,a, b":                                       {"data:,a", "b"},
		"a 1w 2h, b 2h 1w":                                 {"a", "b"},
		"a 1x 2x, b 1w 1x, c 1x 1w, d 1w 1w, e 1h 1h, f":   {"f"},
		"a 1h, b 1h 1x, c 1x 1h, d":                        {"d"},
		"a 0w, b 00w, c -1w, d +1w, e 1.5w, f w, g":        {"g"},
		"a 01w, b 1W, c 1y, d x":                           {"a"},
		"a 0x, b .5x, c 1e2x, d 1E-2x, e -0x":              {"a", "b", "c", "d", "e"},
		"a -1x, b +1x, c 1.x, d 1.e2x, e 1ex, f infx, g nanx, h 0x1p4x, i 0X1P4x, j 1_0x, k 1e999x, l": {"l"},
		"a (b, c), d":         {"d"},
		"a 1x (b, c 1x":       nil,
		"a ((), b), c":        {"b)", "c"},
		"a 1x) , b":           {"b"},
		"(a) 1x, b":           {"(a)", "b"},
		"a 1x 2x, ,b 1x\n,\n": {"b"},
	} {
		require.Equal(t, want, collect(srcset), "%q", srcset)
	}
	for range candidates([]byte("a, b")) {
		break // a consumer may stop
	}
}

func collect(srcset string) []string {
	var out []string
	for c := range candidates([]byte(srcset)) {
		out = append(out, string(c))
	}
	return slices.Clip(out)
}

func TestSrcsetLinks(t *testing.T) {
	testLinks(t, []linkTest{
		{`<img srcset="data:,a 1x, /b?a=1&amp;c,d 2x, http:// 3x" alt=e>`, []string{"/b?a=1&c,d e", "http:// e !"}},
	})
}
