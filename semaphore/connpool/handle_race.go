//go:build race

package connpool

// freshHandles makes every loan a new Conn, so that each use of an old one is
// found out.
const freshHandles = true
