package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatusesFoldsRareCodes(t *testing.T) {
	s := Summary{Statuses: []Count{{"0", 50}}}
	for i := range 12 {
		s.Statuses = append(s.Statuses, Count{Name: string(rune('2'+i/3)) + "0" + string(rune('0'+i%3)), Pages: int64(i + 1)})
	}
	p, err := statuses(s)
	require.NoError(t, err)
	require.Equal(t, "Pages by status: 300 Multiple Choices: 4, 301 Moved Permanently: 5, 302 Found: 6, "+
		"400 Bad Request: 7, 401 Unauthorized: 8, 402 Payment Required: 9, "+
		"500 Internal Server Err…: 10, 501 Not Implemented: 11, 502 Bad Gateway: 12, no answer: 50, other: 6", p.Text)
}

func TestStatusesTakesAnyCode(t *testing.T) {
	for _, name := range []string{"-1", "-500", "7", "999", "1000000", "9223372036854775807", "x"} {
		_, err := statuses(Summary{Statuses: []Count{{name, 1}}})
		require.NoError(t, err)
	}
}
