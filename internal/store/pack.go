package store

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// pack is v as compressed JSON.
func pack(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return deflate(text), nil
}

// deflaters are used again and again, since each one takes 800 KB.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a right one
	}
	return w
}}

func deflate(text []byte) []byte {
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	return out.Bytes()
}

// unpacker reads what pack wrote; it is kept for many documents, since each one of its own would take 40 KB.
type unpacker struct{ r io.ReadCloser }

func newUnpacker() *unpacker { return &unpacker{flate.NewReader(bytes.NewReader(nil))} }

func (u *unpacker) unpack(doc []byte, v any) error {
	text, err := u.inflate(doc)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	return nil
}

func (u *unpacker) inflate(doc []byte) ([]byte, error) {
	if err := u.r.(flate.Resetter).Reset(bytes.NewReader(doc), nil); err != nil {
		return nil, err
	}
	return io.ReadAll(u.r)
}

// resultSet lists which case came out as which shape: the results in order, and then the extra requests.
type resultSet struct {
	results, extra []outcome
}

type outcome struct{ caseID, shape int64 }

func (s resultSet) pack() []byte {
	text := binary.AppendUvarint(nil, uint64(len(s.results)))
	for _, list := range [][]outcome{s.results, s.extra} {
		for _, o := range list {
			text = binary.AppendVarint(text, o.caseID)
			text = binary.AppendVarint(text, o.shape)
		}
	}
	return deflate(text)
}

func (u *unpacker) resultSet(doc []byte) (s resultSet, err error) {
	text, err := u.inflate(doc)
	if err != nil {
		return s, fmt.Errorf("unpacking: %w", err)
	}
	r := bytes.NewReader(text)
	n, err := binary.ReadUvarint(r)
	for err == nil && r.Len() > 0 {
		var o outcome
		if o.caseID, err = binary.ReadVarint(r); err == nil {
			o.shape, err = binary.ReadVarint(r)
		}
		if uint64(len(s.results)) < n {
			s.results = append(s.results, o)
		} else {
			s.extra = append(s.extra, o)
		}
	}
	if err == nil && uint64(len(s.results)) != n {
		err = errors.New("got fewer results than were announced")
	}
	if err != nil {
		return s, fmt.Errorf("unpacking: %w", err)
	}
	return s, nil
}
