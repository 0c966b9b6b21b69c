package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"
)

// capacity is the most that -max-body 1 lets a body have.
const capacity = 1 << 20

// chunk is a piece of a body with Transfer-Encoding: chunked.
var chunk = func() string {
	text := strings.Repeat("<p>More.\n", 1000)
	return fmt.Sprintf("%x\r\n%s\r\n", len(text), text)
}()

func zipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(body))
	w.Close()
	return b.String()
}

// bomb is a few kilobytes that become eight megabytes.
var bomb = sync.OnceValue(func() string { return zipped(strings.Repeat(" ", 8*capacity)) })

const (
	incomplete = "connection closed before the answer was complete"
	broke      = "net/http: HTTP/1.x transport connection broken: "
	headOK     = "HTTP/1.1 200 OK\r\n"
	chunked    = "Transfer-Encoding: chunked\r\n"
	typeBytes  = "Content-Type: application/octet-stream\r\n"
	typePNG    = "Content-Type: image/png\r\n"
	encoded    = "Content-Encoding: gzip\r\n"
)

// connectionFaults are those where HTTP itself goes wrong. Each could pass, so
// each is tried again.
func connectionFaults() []planted {
	lost := func(status int, text string) row { return failed(status, "connection", text, 3).sized(-1) }
	return []planted{
		{target: "/closed", answer: raw(""), want: lost(0, incomplete)},
		{target: "/closed-in-header", answer: raw(headOK + typeHTML), want: lost(0, incomplete)},
		{target: "/truncated", answer: raw(headOK + typeHTML + "Content-Length: 1000\r\n\r\n<title>Trunc"), want: lost(200, incomplete)},
		{target: "/truncated-chunk", answer: raw(headOK + typeHTML + chunked + "\r\n" + chunk + "ff\r\n<a href=/unread>"), want: lost(200, incomplete)},
		{target: "/truncated-gzip", answer: reply(200, typeHTML+encoded, zipped("<title>Zip</title>")[:20]), want: lost(200, incomplete)},
		{target: "/reset", answer: (*visit).reset, want: lost(0, "connection reset")},
		{target: "/reset-in-header", answer: func(v *visit) {
			raw(headOK + typeHTML)(v)
			v.reset()
		}, want: lost(0, incomplete)},
		{target: "/reset-in-body", answer: func(v *visit) {
			raw(headOK + typeHTML + "Content-Length: 1000\r\n\r\n<title>Res")(v)
			v.reset()
		}, want: lost(200, "connection reset")},
		{target: "/bad-status", answer: raw("HTTP/1.1 abc\r\n\r\n"), want: lost(0, broke+`malformed HTTP status code "abc"`)},
		{target: "/short-status", answer: raw("HTTP/1.1 20 OK\r\n\r\n"), want: lost(0, broke+`malformed HTTP status code "20"`)},
		{target: "/no-http", answer: raw("220 mail.example ESMTP ready\r\n"), want: lost(0, broke+`malformed HTTP status code "mail.example"`)},
		{target: "/bad-header", answer: raw(headOK + "a header without a colon\r\n\r\n"),
			want: lost(0, broke+`malformed MIME header: missing colon: "a header without a colon"`)},
		{target: "/bad-length", answer: raw(headOK + "Content-Length: -1\r\n\r\n"), want: lost(0, broke+`bad Content-Length "-1"`)},
		{target: "/bad-chunk", answer: raw(headOK + typeHTML + chunked + "\r\nno number\r\n"), want: lost(200, "invalid byte in chunk length")},
		{target: "/endless-header", answer: func(v *visit) {
			raw(headOK)(v)
			v.endlessly("X-More: "+strings.Repeat("x", 4000)+"\r\n", 0)
		}, want: lost(0, broke+"net/http: server response headers exceeded 262144 bytes; aborted")},
	}
}

// bodyFaults are those of the size and the encoding.
func bodyFaults() []planted {
	endless := func(header string) answer {
		return func(v *visit) {
			raw(headOK + header + chunked + "\r\n")(v)
			v.endlessly(chunk, 0)
		}
	}
	large := failed(200, "size", "body larger than 1048576 bytes", 1).sized(capacity)
	full := "<title>Full</title>" + strings.Repeat(" ", capacity-len("<title>Full</title>"))
	fits := row{Status: 200, Attempts: 1, Depth: 1, Size: capacity, Title: "Full"}
	bombed := failed(200, "size", "body larger than 1048576 bytes after decompression", 1).sized(capacity)
	garbled := func(text string) row { return failed(200, "content", "cannot be decompressed: "+text, 1).sized(-1) }
	corrupt := []byte(zipped("<title>Corrupt</title>"))
	corrupt[len(corrupt)-6] ^= 0xff // in the checksum
	return []planted{
		{target: "/bomb", answer: reply(200, typeHTML+encoded, bomb()), want: bombed},
		{target: "/bomb-picture", answer: reply(200, typePNG+encoded, bomb()), want: bombed},
		{target: "/endless-html", answer: endless(typeHTML), want: large},
		{target: "/endless-bytes", answer: endless(typeBytes), want: large},
		{target: "/endless-untyped", answer: endless(""), want: large},
		{target: "/full", answer: html(full), want: fits},
		{target: "/overfull", answer: html(full + " "), want: large},
		{target: "/full-zipped", answer: reply(200, typeHTML+encoded, zipped(full)), want: fits},
		{target: "/overfull-zipped", answer: reply(200, typeHTML+encoded, zipped(full+" ")), want: bombed},
		// A download whose length is known need not be read to the end.
		{target: "/download", answer: reply(200, typeBytes, full+full), want: row{Status: 200, Attempts: 1, Depth: 1, Size: 2 * capacity}},
		{target: "/empty", answer: html(""), want: row{Status: 200, Attempts: 1, Depth: 1}},
		{target: "/zipped", answer: reply(200, typeHTML+encoded, zipped("<title>Zip</title>")),
			want: row{Status: 200, Attempts: 1, Depth: 1, Size: int64(len("<title>Zip</title>")), Title: "Zip"}},
		{target: "/not-zipped", answer: reply(200, typeHTML+encoded, "<title>Not zipped</title>"), want: garbled("gzip: invalid header")},
		{target: "/corrupt", answer: reply(200, typeHTML+encoded, string(corrupt)), want: garbled("gzip: invalid checksum")},
	}
}
