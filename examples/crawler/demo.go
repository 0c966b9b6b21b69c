package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/interleave-go/interleave/examples/crawler/internal/godocs"
	"github.com/interleave-go/interleave/taskgroup"
)

// demo serves the documentation of the Go standard library on loopback.
type demo struct {
	site     *godocs.Site
	listener net.Listener
}

// newDemo listens on address. A crawl that is resumed needs the one it was
// begun with, since its pages have it in their URLs.
func newDemo(ctx context.Context, address string) (*demo, error) {
	root, err := godocs.FindGOROOT()
	if err != nil {
		return nil, err
	}
	site, err := godocs.New(root)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &demo{site, listener}, nil
}

func (d *demo) address() string { return d.listener.Addr().String() }
func (d *demo) url() string     { return "http://" + d.address() + "/" }
func (d *demo) close()          { d.listener.Close() }

// serve starts the server as a task of g. stop ends it.
func (d *demo) serve(g *taskgroup.Group) (stop func()) {
	server := &http.Server{Handler: d.site, ReadHeaderTimeout: 10 * time.Second}
	g.Go(func(context.Context) error {
		if err := server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return func() { server.Close() }
}

// verify compares the crawl with the pages that the site says it has.
func (d *demo) verify(ctx context.Context, w io.Writer, db *sql.DB) error {
	pages, err := d.site.Pages()
	if err != nil {
		return err
	}
	missing := 0
	for _, path := range pages {
		var found bool
		err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pages WHERE url = ? AND status = 200)`,
			strings.TrimSuffix(d.url(), "/")+path).Scan(&found)
		if err != nil {
			return err
		}
		if !found {
			missing++
			fmt.Fprintf(w, "not found by the crawl: %s\n", path)
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d pages of the documentation were not found", missing, len(pages))
	}
	fmt.Fprintf(w, "\nThe site has %d pages; the crawl found every one.\n", len(pages))
	return nil
}
