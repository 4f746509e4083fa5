package probe

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

// ofAnswer are the fields of an observation that do not depend on time and ports.
var ofAnswer = cmp.FilterPath(func(p cmp.Path) bool {
	switch p.Last().String() {
	case ".Sent", ".Received", ".ServerDate", ".Timings", ".Remote", ".Conn":
		return true
	}
	return false
}, cmp.Ignore())

var observations = cmp.Options{ofAnswer, cmp.AllowUnexported(Observation{})}

// TestBody is about how much of a body is read and kept, and in which encoding.
func TestBody(t *testing.T) {
	const denial = `{"message":"Forbidden"}`
	long := strings.Repeat("0123456789abcdef", 200<<10/16)
	packed := gzipped(long)
	for _, c := range []struct {
		name     string
		encoding string
		body     []byte
		want     string // Body
		message  string
		sum      string // of what was read
	}{
		{name: "empty", sum: sum(nil)},
		{name: "short", body: []byte(denial), want: denial, message: "Forbidden", sum: sum([]byte(denial))},
		{name: "4 KiB", body: []byte(long[:4<<10]), want: long[:4<<10], sum: sum([]byte(long[:4<<10]))},
		{name: "4 KiB and one", body: []byte(long[:4<<10+1]), want: long[:4<<10], sum: sum([]byte(long[:4<<10+1]))},
		{name: "64 KiB", body: []byte(long[:64<<10]), want: long[:4<<10], sum: sum([]byte(long[:64<<10]))},
		{name: "more than is read", body: []byte(long), want: long[:4<<10], sum: sum([]byte(long[:64<<10]))},
		{
			name: "cut inside a letter", body: []byte(strings.Repeat("x", 4<<10-1) + "ü"), want: strings.Repeat("x", 4<<10-1),
			sum: sum([]byte(strings.Repeat("x", 4<<10-1) + "ü")),
		},
		{name: "not UTF-8", body: []byte("a\xff\xfeb"), want: "a\uFFFDb", sum: sum([]byte("a\xff\xfeb"))},
		{name: "gzip", encoding: "gzip", body: gzipped(denial), want: denial, message: "Forbidden", sum: sum(gzipped(denial))},
		{name: "gzip in capitals", encoding: "GZIP", body: gzipped(denial), want: denial, message: "Forbidden", sum: sum(gzipped(denial))},
		{name: "gzip of much", encoding: "gzip", body: packed, want: long[:4<<10], sum: sum(packed)},
		{name: "gzip that is none", encoding: "gzip", body: []byte(denial), want: denial, message: "Forbidden", sum: sum([]byte(denial))},
		{name: "gzip that nobody announced", body: gzipped("x"), want: strings.ToValidUTF8(string(gzipped("x")), "\uFFFD"), sum: sum(gzipped("x"))},
		{
			name: "gzip without its end", encoding: "gzip", body: gzipped(denial)[:len(gzipped(denial))-8], want: denial, message: "Forbidden",
			sum: sum(gzipped(denial)[:len(gzipped(denial))-8]),
		},
		{name: "another encoding", encoding: "br", body: []byte("brotli"), want: "brotli", sum: sum([]byte("brotli"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				w.Header().Set("X-Amz-Apigw-Id", "id=")
				w.WriteHeader(403)
				_, _ = w.Write(c.body)
			})
			o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
			want := &Observation{
				Status: 403, HTTP: "HTTP/2.0", Body: c.want, BodySHA256: c.sum, Message: c.message, text: c.message,
				ExtendedRequestID: "id=", HeadersComplete: true, Headers: map[string]string{"x-amz-apigw-id": "id="}, HeaderNames: []string{"x-amz-apigw-id"},
			}
			if c.encoding != "" {
				want.HeaderNames = []string{"content-encoding", "x-amz-apigw-id"}
			}
			if len(c.body) <= 4<<10 { // otherwise the server does not know the length in advance
				want.Headers["content-length"] = fmt.Sprint(len(c.body))
				want.HeaderNames = append([]string{want.HeaderNames[0], "content-length"}, want.HeaderNames[1:]...)
				if c.encoding == "" {
					want.HeaderNames = []string{"content-length", "x-amz-apigw-id"}
				}
			}
			checkEqual(t, "observation", o, want, observations)
		})
	}
}

func FuzzGunzip(f *testing.F) {
	f.Add(gzipped("{}"))
	f.Add(gzipped(strings.Repeat("0", 1<<20)))
	f.Add(gzipped("{}")[:12])
	f.Add([]byte("{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		got := gunzip(body)
		if z, err := gzip.NewReader(bytes.NewReader(body)); err != nil {
			if !bytes.Equal(got, body) {
				t.Errorf("got %q, want the body as it is", got)
			}
		} else if whole, err := io.ReadAll(io.LimitReader(z, bodyRead)); err == nil && !bytes.Equal(got, whole) {
			t.Errorf("got %d bytes, want %d", len(got), len(whole))
		}
		if len(got) > max(bodyRead, len(body)) {
			t.Errorf("got %d bytes of at most %d", len(got), bodyRead)
		}
		if again := gunzip(gzipped(string(got[:min(len(got), bodyRead)]))); !bytes.Equal(again, got[:min(len(got), bodyRead)]) {
			t.Error("what is packed and unpacked is not the same")
		}
	})
}
