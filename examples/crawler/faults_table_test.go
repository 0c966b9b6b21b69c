package main

import (
	"fmt"
	"strings"
)

// failed is the row of a linked URL that failed.
func failed(status int, kind, text string, attempts int) row {
	return row{Status: status, Kind: kind, Error: text, Attempts: attempts, Depth: 1}
}

// sized returns r with a size.
func (r row) sized(size int64) row {
	r.Size = size
	return r
}

// tried returns r with other attempts.
func (r row) tried(attempts int) row {
	r.Attempts = attempts
	return r
}

// at returns r with another depth.
func (r row) at(depth int) row {
	r.Depth = depth
	return r
}

// with returns r with another status.
func (r row) with(status int) row {
	r.Status = status
	return r
}

func statusFaults() []planted {
	page := func(status int) answer { return reply(status, typeHTML, "<title>Page</title>") }
	const size = int64(len("<title>Page</title>"))
	odd := row{Attempts: 1, Depth: 1, Size: size, Title: "Page"}
	busy := reply(503, "", "")
	return []planted{
		{target: "/404", answer: page(404), want: failed(404, "http", "404 Not Found", 1).sized(size)},
		{target: "/410", answer: page(410), want: failed(410, "http", "410 Gone", 1).sized(size)},
		{target: "/408", answer: page(408), want: failed(408, "http", "408 Request Timeout", 3).sized(size)},
		{target: "/500", answer: page(500), want: failed(500, "http", "500 Internal Server Error", 3).sized(size)},
		{target: "/501", answer: page(501), want: failed(501, "http", "501 Not Implemented", 1).sized(size)},
		{target: "/502", answer: page(502), want: failed(502, "http", "502 Bad Gateway", 3).sized(size)},
		{target: "/599", answer: page(599), want: failed(599, "http", "599 unknown status", 1).sized(size)},
		{target: "/503-once", answer: first(busy, titled("Late")), want: ok("Late").tried(2)},
		{target: "/503-date", answer: first(reply(503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", ""), titled("Late")), want: ok("Late").tried(2)},
		{target: "/503-nonsense", answer: first(reply(503, "Retry-After: soon\r\n", ""), titled("Late")), want: ok("Late").tried(2)},
		{target: "/429", answer: first(reply(429, "Retry-After: 0\r\n", ""), titled("Late")), want: ok("Late").tried(2)},
		{target: "/429-always", answer: reply(429, "Retry-After: 0\r\n", ""), want: failed(429, "http", "429 Too Many Requests", 3)},
		{target: "/500-twice", answer: first(reply(500, "", ""), reply(500, "", ""), titled("Late")), want: ok("Late").tried(3)},
		{target: "/203", answer: page(203), want: odd.with(203)},
		{target: "/299", answer: page(299), want: odd.with(299)},
		{target: "/300", answer: page(300), want: odd.with(300)},
		{target: "/204", answer: raw("HTTP/1.1 204 No Content\r\n" + typeHTML + "\r\n"), want: row{Status: 204, Attempts: 1, Depth: 1}},
		{target: "/304", answer: raw("HTTP/1.1 304 Not Modified\r\n\r\n"), want: row{Status: 304, Attempts: 1, Depth: 1}},
		{target: "/hints", answer: func(v *visit) {
			raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")(v)
			titled("Hints")(v)
		}, want: ok("Hints")},
		{target: "/hints-only", answer: raw(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 10000)),
			want: failed(0, "connection", broke+"net/http: server response headers exceeded 262144 bytes; aborted", 3)},
	}
}

func redirectFaults() []planted {
	to := func(status int, target string) row {
		return row{Status: status, Attempts: 1, Depth: 1, Redirect: target}
	}
	bad := func(target, text string) row {
		r := failed(302, "redirect", text, 1)
		r.Redirect = target
		return r
	}
	faults := []planted{
		good("/target", "Target"),
		{target: "/loop-a", answer: moved(302, "/loop-b"), want: bad("/loop-b", "redirect loop through /loop-a")},
		{target: "/loop-b", answer: moved(302, "/loop-a"), want: bad("/loop-a", "redirect loop through /loop-b"), behind: true},
		{target: "/loop-self", answer: moved(302, "/loop-self"), want: bad("/loop-self", "redirect loop through /loop-self")},
		{target: "/loop-fragment", answer: moved(302, "#again"), want: bad("/loop-fragment", "redirect loop through /loop-fragment")},
		{target: "/into-loop", answer: moved(302, "/loop-a"), want: bad("/loop-a", "redirect loop through /loop-a")},
		{target: "/no-location", answer: reply(302, "", ""), want: bad("", "302 Found without a Location")},
		{target: "/empty-location", answer: moved(302, ""), want: bad("", "302 Found without a Location")},
		{target: "/to-nowhere", answer: moved(302, "/no-location"), want: bad("/no-location", "redirects to /no-location: 302 Found without a Location")},
		{target: "/to-mail", answer: moved(302, "mailto:a@b.example"),
			want: bad("", `redirects to "mailto:a@b.example": resolve "mailto:a@b.example": scheme is neither http nor https`)},
		{target: "/to-bad-host", answer: moved(302, "http://[bad"), want: bad("", `redirects to "http://[bad": resolve "http://[bad": invalid host`)},
		{target: "/to-404", answer: moved(302, "/404"), want: bad("/404", "redirects to /404: 404 Not Found")},
		{target: "/to-404-by-two", answer: moved(302, "/to-404"), want: bad("/to-404", "redirects to /404: 404 Not Found")},
		{target: "/to-other", want: to(302, "other:/elsewhere")}, // the test knows where that is
		{target: "/dir/relative", answer: moved(302, "../x/../target?#top"), want: to(302, "/target?")},
		{target: "/target?", answer: titled("Query"), want: ok("Query"), behind: true},
		// Browsers take no offence at a lone percent sign.
		{target: "/to-percent", answer: moved(302, "/100%"), want: to(302, "/100%")},
		{target: "/100%", answer: titled("Percent"), want: ok("Percent"), behind: true},
		// What comes with a redirect is not what a reader gets to see.
		{target: "/redirect-endless", answer: func(v *visit) {
			raw("HTTP/1.1 302 Found\r\nLocation: /target\r\n" + typeHTML + "Transfer-Encoding: chunked\r\n\r\n")(v)
			v.endlessly(chunk, 0)
		}, want: to(302, "/target").sized(-1)},
		{target: "/redirect-picture", answer: reply(302, "Location: /target\r\nContent-Type: image/png\r\n", "<html>moved"),
			want: to(302, "/target").sized(int64(len("<html>moved")))},
		{target: "/redirect-truncated", answer: raw("HTTP/1.1 302 Found\r\nLocation: /target\r\n" + typeHTML + "Content-Length: 99\r\n\r\nMoved"),
			want: to(302, "/target").sized(-1)},
		{target: "/redirect-page", answer: reply(302, "Location: /target\r\n"+typeHTML, `<title>Moved</title><a href="/unread">link</a>`),
			want: to(302, "/target").sized(-1)},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		target := fmt.Sprintf("/moved-%d", status)
		faults = append(faults, planted{target: target, answer: moved(status, "/target"), want: to(status, "/target")})
	}
	// Ten redirects are followed, and of eleven the page at the end is not
	// asked for. Every step but the first is itself near enough to the end.
	for _, hops := range []int{10, 11} {
		for i := range hops {
			target, next := fmt.Sprintf("/chain-%d/%d", hops, i), fmt.Sprintf("/chain-%d/%d", hops, i+1)
			f := planted{target: target, answer: moved(302, next), want: to(302, next), behind: i > 0}
			if hops == 11 && i == 0 {
				f.want = bad(next, "more than 10 redirects")
			}
			faults = append(faults, f)
		}
	}
	return append(faults, planted{target: "/chain-10/10", answer: titled("End"), want: ok("End"), behind: true})
}
