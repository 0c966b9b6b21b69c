// Package points has Points for the tests of RequireCovered.
package points

import "github.com/interleave-go/interleave/internal/explore"

// Steps has each kind of Point.
func Steps(name string) {
	explore.Point("covered")
	explore.Point("left out")
	explore.Point("covered")
	explore.Point(name)
}
