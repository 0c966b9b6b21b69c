package actor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBecome(t *testing.T) {
	var j journal
	incarnation := 0
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", func() Behavior[string] {
			incarnation++
			return &named{fmt.Sprint("made ", incarnation), &j}
		})
		tell(t, ref, "1", "become second", "2", "become third", "3")
		require.Equal(t, []string{"made 1 started", "made 1 1", "second 2", "third 3"}, j.take())
		tell(t, ref, "fail", "4", "become second", "5")
		require.Equal(t, []string{"made 1 stopping: test failure", "made 2 started", "made 2 4", "second 5"}, j.take())
		require.NoError(t, ref.Stop(t.Context()))
		require.Equal(t, []string{"made 2 stopping: <nil>", "made 2 stopped: <nil>"}, j.take())
	})
}

// named is a behavior that says in the journal that it was called.
type named struct {
	name string
	j    *journal
}

func (n *named) Started(*Context[string]) error { n.j.add("%s started", n.name); return nil }

func (n *named) Stopping(_ *Context[string], cause error) {
	n.j.add("%s stopping: %v", n.name, cause)
}

func (n *named) Stopped(_ *Context[string], cause error) { n.j.add("%s stopped: %v", n.name, cause) }

func (n *named) Receive(c *Context[string], m string) error {
	if other, ok := strings.CutPrefix(m, "become "); ok {
		c.Become(&named{other, n.j})
		return nil
	}
	if m == "fail" {
		return errTest
	}
	n.j.add("%s %s", n.name, m)
	return nil
}

func TestHooksAreThoseOfTheFactory(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a")
		tell(t, ref, func(c *Context[act]) error {
			for _, name := range []string{"first", "second"} {
				c.Become(Func[act](func(c *Context[act], m act) error { j.add("%s", name); return m(c) }))
			}
			return nil
		}, nothing, fails, j.note("as before"))
		require.Equal(t, []string{"a 1 started", "second", "second", "a 1 stopping: test failure", "a 2 started", "as before"},
			j.take(), "the hooks are those of what the factory made")
	})
}
