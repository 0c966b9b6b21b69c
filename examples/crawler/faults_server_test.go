package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// faultSite is a server on loopback that says exactly what its answers write,
// byte for byte: net/http would mend most of the faults that are planted here.
type faultSite struct {
	url   string        // without a slash at the end
	done  chan struct{} // closed when the test ends
	other answer        // to what has no answer of its own
	wg    sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	answers map[string]answer
	hits    map[string]int // by method and target
	conns   map[net.Conn]struct{}
	ended   bool
}

// An answer writes what the server says to one request.
type answer func(*visit)

// visit is one request.
type visit struct {
	net.Conn
	method, target string
	hit            int // 1: the first request for this target with this method
	done           <-chan struct{}
	over           bool // the connection takes no further request
}

// newFaultSite starts a server. What it has no answer for is a 404.
func newFaultSite(t *testing.T, answers map[string]answer) *faultSite {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &faultSite{
		url:     "http://" + listener.Addr().String(),
		done:    make(chan struct{}),
		other:   reply(404, "", ""),
		answers: maps.Clone(answers),
		hits:    map[string]int{},
		conns:   map[net.Conn]struct{}{},
	}
	t.Cleanup(func() {
		listener.Close()
		close(s.done)
		s.mu.Lock()
		s.ended = true
		for conn := range s.conns {
			conn.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	s.wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			if s.conns[conn] = struct{}{}; s.ended {
				conn.Close()
			}
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(conn) })
		}
	})
	return s
}

// set adds an answer, for those that have to know the address of the server.
func (s *faultSite) set(target string, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[target] = a
}

func (s *faultSite) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	for r := bufio.NewReader(conn); ; {
		// The requests of the crawler have no bodies.
		request, err := r.ReadString('\n')
		if err != nil {
			return
		}
		for line := ""; line != "\r\n"; {
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
		}
		v := &visit{Conn: conn, done: s.done}
		if n, _ := fmt.Sscanf(request, "%s %s HTTP/1.1\r\n", &v.method, &v.target); n != 2 {
			return
		}
		s.mu.Lock()
		key := v.method + " " + v.target
		s.hits[key]++
		v.hit = s.hits[key]
		a := s.answers[v.target]
		s.mu.Unlock()
		if a == nil {
			a = s.other
		}
		if a(v); v.over {
			return
		}
	}
}

// got returns how often the target was asked for.
func (s *faultSite) got(method, target string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[method+" "+target]
}

// requests returns a copy of how often each target was asked for.
func (s *faultSite) requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.hits)
}

// hang waits until the client gives up or the test ends.
func (v *visit) hang() {
	v.over = true
	io.Copy(io.Discard, v)
}

// endlessly writes text over and over, with a pause after each time, until the
// client has had enough.
func (v *visit) endlessly(text string, pause time.Duration) {
	v.over = true
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-v.done:
			return
		case <-tick.C:
		}
		if _, err := io.WriteString(v, text); err != nil {
			return
		}
		tick.Reset(pause)
	}
}

// reset ends the connection with a TCP reset.
func (v *visit) reset() {
	v.over = true
	v.Conn.(*net.TCPConn).SetLinger(0)
	v.Close()
}

// reply is a well-formed answer. header is lines that each end with \r\n.
func reply(status int, header, body string) answer {
	return func(v *visit) {
		head := fmt.Sprintf("HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n", status, http.StatusText(status), header, len(body))
		if v.method == http.MethodHead {
			io.WriteString(v, head)
			return
		}
		io.WriteString(v, head+body)
	}
}

const typeHTML = "Content-Type: text/html; charset=utf-8\r\n"

// html is a page.
func html(body string) answer { return reply(200, typeHTML, body) }

// titled is a page with a title that links to targets.
func titled(title string, targets ...string) answer {
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html><title>%s</title>", title)
	for _, target := range targets {
		fmt.Fprintf(&b, "<a href=\"%s\">%s</a>\n", target, linkText)
	}
	return html(b.String())
}

// linkText is the text of the links where the text does not matter.
const linkText = "link"

// moved is a redirect.
func moved(status int, location string) answer {
	return reply(status, "Location: "+location+"\r\n", "")
}

// raw writes text and closes the connection.
func raw(text string) answer {
	return func(v *visit) {
		v.over = true
		io.WriteString(v, text)
	}
}

// first gives some answers once each, and then the last of them.
func first(answers ...answer) answer {
	return func(v *visit) { answers[min(v.hit, len(answers))-1](v) }
}
