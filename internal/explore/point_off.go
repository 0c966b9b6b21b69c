//go:build !explore

package explore

// On reports whether the build tag explore is set.
const On = false

// Point does nothing without the build tag explore.
func Point(name string) {}
