package procpool

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatsAsText(t *testing.T) {
	st := Stats{Limit: 3, Workers: 2, Idle: 1, Submitted: 9, Running: 1, Waiting: 2, Done: 3, Failed: 2, Cancelled: 1, Started: 4, Closed: true}
	require.Equal(t, "limit=3 workers=2 idle=1 submitted=9 waiting=2 running=1 done=3 failed=2 cancelled=1 started=4 closed", st.String())
	require.Len(t, st.LogValue().Group(), 11)
	require.Equal(t, slog.KindGroup, st.LogValue().Kind())
}
