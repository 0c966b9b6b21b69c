package report

import (
	"time"

	"github.com/dustin/go-humanize"
)

// verdict is what the page says first: how the site is, and where to look.
type verdict struct {
	Level       string // none, ok, warn or bad
	Title, Text string
	Hints       []hint
}

// hint points at a section of the page.
type hint struct {
	Text, URL, More string // URL is of a crawled page or ""
	Section         string
}

// slowPage is the latency from which the slowest hundredth deserves a look.
const slowPage = time.Second

func judge(s Summary, broken []target, outdated int64) verdict {
	v := verdict{Level: "ok", Title: "Healthy: no broken links"}
	own := s.BrokenLinks - s.BrokenExternal
	switch {
	case s.Pages == 0 && s.Robots > 0:
		return verdict{Level: "none", Title: "No pages crawled",
			Text: "Robots.txt disallows " + count(s.Robots, "page") + ", and no other was found."}
	case s.Pages == 0:
		return verdict{Level: "none", Title: "No pages crawled", Text: "The database holds no pages."}
	case s.BrokenLinks == 0 && s.Pages == 1:
		v.Text = "The one page checked is fine."
	case s.BrokenLinks == 0:
		v.Text = "All " + count(s.Pages, "page") + " checked are fine."
	default:
		v.Level, v.Title = "warn", count(s.BrokenLinks, "broken link")
		v.Text = percent(s.BrokenLinks, s.Pages) + " of the " + count(s.Pages, "page") + " checked: " +
			humanize.Comma(own) + " on this site, " + humanize.Comma(s.BrokenExternal) + " elsewhere. " +
			leads(s.References)
		if own*100 > s.Pages-s.External {
			v.Level = "bad"
		}
	}
	if len(broken) > 0 && broken[0].Links > 0 {
		v.Hints = append(v.Hints, hint{Section: "broken", Text: "Most linked: ", URL: broken[0].URL,
			More: " (" + broken[0].Problem() + ", " + count(broken[0].Links, "link") + ")"})
	}
	var failing int64
	for _, c := range s.Statuses {
		if code(c.Name)/100 == 5 {
			failing += c.Pages
		}
	}
	if failing > 0 {
		v.Hints = append(v.Hints, hint{Section: "errors", Text: count(failing, "server error") + " (status 5xx)"})
	}
	if s.P99 >= slowPage {
		v.Hints = append(v.Hints, hint{Section: "slowest", Text: "1 page in 100 takes " + duration(s.P99) + " or longer"})
	}
	if outdated > 0 {
		v.Hints = append(v.Hints, hint{Section: "redirects",
			Text: count(outdated, "permanent redirect") + " that links should skip"})
	}
	return v
}

func leads(references int64) string {
	switch references {
	case 0:
		return "No page links there."
	case 1:
		return "1 link leads there."
	}
	return humanize.Comma(references) + " links lead there."
}

// meanings explain the error kinds.
var meanings = map[string]string{
	"http":       "answered with a status of 400 or above",
	"timeout":    "no complete answer in time",
	"dns":        "the host's name could not be resolved",
	"connection": "the connection was refused or cut off",
	"tls":        "the certificate or the TLS handshake failed",
	"redirect":   "redirects in a loop, too often or to a broken page",
	"size":       "the body is larger than the crawler accepts",
	"content":    "the body could not be read as what it claims to be",
	"url":        "not a valid URL",
}
