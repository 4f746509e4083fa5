package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
)

func init() {
	maps.Copy(provocations, map[string]func(m *Model) *http.Request{
		"mtls-untrusted-cert": func(m *Model) *http.Request {
			*m = mutual()
			r := get(domain + "/orders/open")
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{stranger()}}
			return r
		},
		"private-api-wrong-host": func(m *Model) *http.Request {
			*m = privateWorld()
			return inside(at(privateID+".execute-api.eu-west-1.amazonaws.com.cn", get("https://"+m.VPCEndpoints[0].Host()+"/prod/open")))
		},
		"accepted": func(m *Model) *http.Request {
			*m = privateWorld()
			return inside(get("https://"+m.VPCEndpoints[0].Host()+"/prod/open", "x-apigw-api-id: "+privateID))
		},
		"not-deployed": func(m *Model) *http.Request {
			a := &m.APIs[0]
			a.Stages[0].Deployment = &Deployment{Routes: a.Routes, ResourcePolicy: policySaying(neither)}
			return get("/prod/open")
		},
		"bad-request-parameters": func(m *Model) *http.Request {
			m.APIs[0].Routes[1].Validator = &Validator{Parameters: []string{"method.request.header.x"}}
			return get("/prod/open")
		},
		"bad-request-body": func(m *Model) *http.Request {
			m.APIs[0].Routes[1].Validator = &Validator{Body: &Schema{Type: "object", Required: []string{"a", "b"}}}
			return withBody(get("/prod/open"), `{"test":"test"}`)
		},
		"too-large-for-function": func(*Model) *http.Request {
			return withBody(get("/prod/open"), strings.Repeat("x", maxFunctionBody+1))
		},
	})
}

// stranger is a certificate of an authority that nobody knows.
func stranger() *x509.Certificate {
	g, err := New(Model{})
	if err != nil {
		panic(err)
	}
	text, _, err := g.ClientCertificate(Untrusted)
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return cert
}

// suitValidator requires the parameters that the recorded message names.
func (rec *recording) suitValidator(m *Model) {
	_, names, found := strings.Cut(rec.Message, "parameters: [")
	if !found {
		return
	}
	v := m.APIs[0].Routes[1].Validator
	v.Parameters = nil
	for name := range strings.SplitSeq(strings.TrimSuffix(names, "]"), ", ") {
		v.Parameters = append(v.Parameters, "method.request.querystring."+name)
	}
}
