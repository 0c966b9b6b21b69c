module github.com/interleave-go/interleave/verify

go 1.26.0

replace github.com/interleave-go/interleave => ../

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/interleave-go/interleave v0.0.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/time v0.16.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
