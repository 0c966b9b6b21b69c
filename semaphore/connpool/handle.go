//go:build !race

package connpool

// freshHandles is false: a connection is lent as the same Conn each time, which
// saves an allocation.
const freshHandles = false
