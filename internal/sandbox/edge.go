package sandbox

import (
	"encoding/base64"
	"net/http"
)

// atEdge adds the marks of AWS's own CloudFront to answers that came through it.
// They stand on every error, whoever made it.
func (x *exchange) atEdge(p *response) *response {
	if !x.edge {
		return p
	}
	p.header["X-Cache"] = "Miss from cloudfront"
	if p.status >= http.StatusBadRequest {
		p.header["X-Cache"] = "Error from cloudfront"
	}
	p.header["Via"] = "1.1 " + x.ids.hex(16) + ".cloudfront.net (CloudFront)"
	p.header["X-Amz-Cf-Pop"] = "DUB56-P1"
	p.header["X-Amz-Cf-Id"] = base64.URLEncoding.EncodeToString(x.ids.bytes(40))
	return p
}
