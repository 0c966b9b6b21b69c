package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:            "0 s",
		0:                       "0 s",
		850 * time.Microsecond:  "850 µs",
		time.Millisecond:        "1 ms",
		1550 * time.Microsecond: "1.5 ms",
		84 * time.Millisecond:   "84 ms",
		time.Second:             "1 s",
		1949 * time.Millisecond: "1.9 s",
		45 * time.Second:        "45 s",
		151 * time.Second:       "2 min 31 s",
		65 * time.Minute:        "1 h 5 min",
		50 * time.Hour:          "2 days 2 h",
	} {
		require.Equal(t, want, duration(d))
	}
}

func TestCompact(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                      "0s",
		100 * time.Microsecond: "100µs",
		10 * time.Second:       "10s",
		time.Minute:            "1m",
		70 * time.Second:       "1m10s",
		time.Hour:              "1h",
		90 * time.Minute:       "1h30m",
	} {
		require.Equal(t, want, compact(d))
	}
}

func TestPercent(t *testing.T) {
	require.Equal(t, "0 %", percent(0, 10))
	require.Equal(t, "0 %", percent(0, 0))
	require.Equal(t, "under 0.1 %", percent(1, 100000))
	require.Equal(t, "3.6 %", percent(145, 3988))
	require.Equal(t, "over 99.9 %", percent(99999, 100000))
	require.Equal(t, "100 %", percent(10, 10))
}

func TestClip(t *testing.T) {
	require.Equal(t, "äöü", clip("äöü", 3))
	require.Equal(t, "äö…", clip("äöüß", 3))
	require.Equal(t, "", clip("", 3))
}
