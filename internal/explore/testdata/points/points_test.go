package points

import (
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

func TestPoint(*testing.T) { explore.Point("in a test") }
