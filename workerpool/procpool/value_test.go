//go:build unix

package procpool_test

import (
	"errors"
)

// value is something that breaks the codec in many ways.
type value struct{ Text string }

func (v value) GobEncode() ([]byte, error) {
	switch {
	case v.Text == "not encodable", v.Text == "not encodable reply" && inWorker:
		return nil, errors.New("no code")
	case v.Text == "encoding panics":
		panic("no code at all")
	}
	return []byte(v.Text), nil
}

func (v *value) GobDecode(b []byte) error {
	v.Text = string(b)
	switch {
	case v.Text == "not decodable" && inWorker, v.Text == "not decodable reply" && !inWorker:
		return errors.New("no sense")
	case v.Text == "decoding panics" && inWorker, v.Text == "decoding the reply panics" && !inWorker:
		panic("no sense at all")
	}
	return nil
}
