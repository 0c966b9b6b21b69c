package connpool_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

// An echo server, and twenty requests to it over at most three connections.
func ExamplePool() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	var accepted atomic.Int64
	var server sync.WaitGroup
	server.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // the listener was closed
			}
			accepted.Add(1)
			server.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			})
		}
	})

	var dialer net.Dialer
	pool := connpool.New(func(ctx context.Context) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", listener.Addr().String())
	}, connpool.Config[net.Conn]{
		MaxConns:    3,
		MaxIdle:     time.Minute,
		DialTimeout: 10 * time.Second,
		Reset:       func(c net.Conn) error { return c.SetDeadline(time.Time{}) },
	})

	echo := func(ctx context.Context, line string) (string, error) {
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return "", err
		}
		c := conn.Value()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		answer := ""
		if _, err = fmt.Fprintln(c, line); err == nil {
			answer, err = bufio.NewReader(c).ReadString('\n')
		}
		if err != nil {
			conn.Discard() // who knows what it would send to the next
			return "", err
		}
		conn.Release()
		return answer, nil
	}

	var clients sync.WaitGroup
	var answered atomic.Int64
	for i := range 20 {
		clients.Go(func() {
			line := fmt.Sprint("request ", i)
			if answer, err := echo(context.Background(), line); err == nil && answer == line+"\n" {
				answered.Add(1)
			}
		})
	}
	clients.Wait()
	fmt.Println(answered.Load(), "answers")

	if err := pool.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	listener.Close()
	server.Wait()
	fmt.Println("at most three connections:", accepted.Load() <= 3)
	// Output:
	// 20 answers
	// at most three connections: true
}

// A pool of anything that is opened and closed.
func ExampleConn() {
	pool := connpool.New(func(context.Context) (string, error) { return "a session", nil },
		connpool.Config[string]{MaxConns: 1, Close: func(s string) { fmt.Println("closed", s) }})
	conn, err := pool.Acquire(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("using", conn.Value())
	conn.Release()
	fmt.Println(pool.Stats())
	_ = pool.Close(context.Background())
	// Output:
	// using a session
	// max=1 open=1 idle=1 lent=0 running=0 waiting=0 dials=1 failed_dials=0 closes=0
	// closed a session
}
