package crawl

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/retry"
)

// enough is how much is read of a body that is not to be parsed and whose
// length is known: to the end if it is short, so that the connection can be
// used again, and else as much as tells its type.
const enough = 64 << 10

// read reads the body of an answer, up to the limit. It returns it if its links
// are to be read.
func (c *crawler) read(response *http.Response, p *job) (*[]byte, error) {
	declared, _, err := mime.ParseMediaType(p.ContentType)
	if err != nil {
		declared = "" // missing or malformed: what is in it decides
	}
	parse := declared == "" || isHTML(declared)
	limit := c.MaxBody
	known := response.ContentLength >= 0
	if !parse && known {
		limit = min(limit, enough)
	}
	data := c.buffers.Get().(*[]byte)
	*data, err = readUpTo(response.Body, (*data)[:0], limit)
	tooLong := errors.Is(err, errTooLong)
	switch {
	case tooLong && !parse && known:
		// p.Size has the length that the server states.
	case tooLong:
		c.buffers.Put(data)
		p.Size = limit
		how := ""
		if response.Uncompressed {
			how = " after decompression"
		}
		return nil, retry.Permanent(&fault{store.Size, fmt.Sprintf("body larger than %d bytes%s", limit, how)})
	case err != nil:
		c.buffers.Put(data)
		return nil, bodyError(err)
	default:
		p.Size = int64(len(*data))
	}
	found := http.DetectContentType(*data)
	if err := mismatch(declared, found); err != nil {
		c.buffers.Put(data)
		return nil, err
	}
	if !isHTML(declared) && !(declared == "" && strings.HasPrefix(found, "text/html")) {
		c.buffers.Put(data)
		return nil, nil
	}
	return data, nil
}

var errTooLong = errors.New("body too long")

// readUpTo appends to data what r has, and fails with errTooLong if that is
// more than limit bytes.
func readUpTo(r io.Reader, data []byte, limit int64) ([]byte, error) {
	const least = 8 << 10
	for {
		if cap(data)-len(data) < least {
			data = append(data, make([]byte, max(least, len(data)))...)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return data[:limit], errTooLong
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		}
	}
}

// bodyError tells a body that cannot be decompressed, which another attempt
// does not mend, from one that did not come whole.
func bodyError(err error) error {
	if text := err.Error(); strings.HasPrefix(text, "gzip:") || strings.HasPrefix(text, "flate:") {
		return retry.Permanent(&fault{store.Content, "cannot be decompressed: " + oneLine(err)})
	}
	return err
}

// mismatch returns an error if a body is evidently not what its type says: a
// picture that is a page, as when a missing file is answered by a page with
// status 200, or a page that is a picture.
func mismatch(declared, found string) error {
	found, _, _ = strings.Cut(found, ";")
	media := func(t string) bool {
		return strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "video/") || strings.HasPrefix(t, "audio/")
	}
	binary := media(found) || found == "application/pdf" || found == "application/zip" || found == "application/x-gzip"
	// DetectContentType takes XML that begins with a comment for HTML.
	xml := strings.HasSuffix(declared, "+xml")
	if isHTML(declared) && binary || media(declared) && !xml && found == "text/html" {
		return retry.Permanent(&fault{store.Content, fmt.Sprintf("declared as %s, but is %s", declared, found)})
	}
	return nil
}

func isHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}
