package probe

import (
	"crypto/rand"
	"crypto/sha1" // the protocol's own checksum, which protects nothing
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
)

// ConnectRoute is the route of a WebSocket API that takes the handshake. Nothing else is authorized there.
const ConnectRoute = "$connect"

const headerSocketKey = "Sec-Websocket-Key"

// upgrade makes a request the handshake of RFC 6455. It is made by hand: the libraries choose headers of their own, and
// show only the beginning of a refusal.
func upgrade(h http.Header, id string) {
	nonce := sha256.Sum256([]byte(id))
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-Websocket-Version", "13")
	h.Set(headerSocketKey, base64.StdEncoding.EncodeToString(nonce[:16]))
}

// handshake reports whether the request asks for a WebSocket.
func (r *Request) handshake() bool { return r != nil && r.Header.Get(headerSocketKey) != "" }

// answersHandshake reports whether an answer with status 101 was made for this handshake.
func (r *Request) answersHandshake(res *http.Response) bool {
	sum := sha1.Sum([]byte(r.Header.Get(headerSocketKey) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return res.Header.Get("Sec-Websocket-Accept") == base64.StdEncoding.EncodeToString(sum[:])
}

// hangUp ends an accepted handshake with the normal close, status 1000, before anything is said.
func hangUp(body io.ReadCloser) {
	if w, ok := body.(io.Writer); ok {
		frame := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8} // close, masked, two bytes
		_, _ = rand.Read(frame[2:6])                        // never fails
		frame[6] ^= frame[2]
		frame[7] ^= frame[3]
		_, _ = w.Write(frame) // if the gateway has gone already, nobody is left to tell
	}
	_ = body.Close()
}

// markSockets finds the kind of API behind handshakes. REST APIs word their refusals alike, so only a host that accepted
// a handshake is known to be a WebSocket API's, which shares its host with no other kind. It refuses everything else.
func markSockets(xs []*exchange) {
	upgraded, plain := make(map[string]bool), make(map[string]bool)
	for _, x := range xs {
		if x.req == nil {
			continue
		}
		upgraded[x.req.Host] = upgraded[x.req.Host] || x.req.handshake() && x.obs.Status == http.StatusSwitchingProtocols
		plain[x.req.Host] = plain[x.req.Host] || !x.req.handshake() && x.obs.GatewayID() != "" && x.obs.ErrorType != forbidden && x.obs.Status != 426
	}
	for _, x := range xs {
		if x.req == nil {
			continue
		}
		x.plainTaken = plain[x.req.Host]
		switch success := x.obs.Status >= 200 && x.obs.Status < 300; {
		case !x.req.handshake() || x.api == HTTP:
		case upgraded[x.req.Host]:
			x.api = WebSocket
		case !success: // else a REST API that knows no handshakes
			x.api = ""
		}
	}
}
