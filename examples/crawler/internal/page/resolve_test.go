package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResolveAgainstAPage(t *testing.T) {
	for ref, want := range map[string]string{
		"":                        "http://site/a/b?q",
		"../c#part":               "http://site/c",
		"?x=1":                    "http://site/a/b?x=1",
		"//Other:80/%7e\\d":       "http://other/%7e/d",
		"https://u:p@site:443/./": "https://site/",
		" /sp\tace \n":            "http://site/space",
	} {
		got, err := Resolve("http://site/a/b?q", ref)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", ref)
	}
	for _, ref := range []string{"mailto:a@b", "http://[bad", "http://host:port/"} {
		_, err := Resolve("http://site/", ref)
		require.Error(t, err, "%q", ref)
	}
}
