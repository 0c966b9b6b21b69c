package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/examples/crawler/internal/crawl"
	"github.com/interleave-go/interleave/examples/crawler/internal/store"
)

// BenchmarkCrawl5000 crawls a generated site of 5,000 pages on loopback, and
// fetches the same pages with nothing but an http.Client: no parsing, no
// database, as many requests at once.
func BenchmarkCrawl5000(b *testing.B) {
	const pages, atOnce = 5000, 8
	site := newGenerated(pages, true)
	server := httptest.NewServer(site)
	defer server.Close()

	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			path := filepath.Join(b.TempDir(), "crawl.db")
			start := server.URL + site.path(0)
			limits := store.Limits{Sites: map[string]bool{store.HostOf(start): true}, Depth: -1, Hops: maxRedirects}
			s, err := store.Create(context.Background(), path, limits, []string{start}, nil)
			require.NoError(b, err)
			require.NoError(b, crawl.Run(context.Background(), s, crawl.Config{
				Concurrency: atOnce, PerHost: atOnce, Timeout: 10 * time.Second, MaxBody: 8 << 20,
				Robots: true, UserAgent: "test",
			}))
			require.NoError(b, s.Finish(context.Background()))
			require.EqualValues(b, pages, s.Pages())
			require.NoError(b, s.Close())
		}
		b.ReportMetric(pages*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
	})

	b.Run("limit-client", func(b *testing.B) {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = atOnce
		client := &http.Client{Transport: transport}
		defer client.CloseIdleConnections()
		for b.Loop() {
			next := make(chan string)
			var wg sync.WaitGroup
			for range atOnce {
				wg.Go(func() {
					for url := range next {
						response, err := client.Get(url)
						if err != nil {
							b.Error(err)
							continue
						}
						if n, err := io.Copy(io.Discard, response.Body); err != nil || n < 4_000 {
							b.Error(n, err)
						}
						response.Body.Close()
					}
				})
			}
			for i := range pages {
				next <- server.URL + site.path(i)
			}
			close(next)
			wg.Wait()
		}
		b.ReportMetric(pages*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
	})
}
