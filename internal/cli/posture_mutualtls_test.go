package cli_test

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/google/go-cmp/cmp"
)

func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	m[key] = value
	return m
}

// TestPostureMutualTLS asks a domain with mutual TLS, shut and open, for every client certificate.
func TestPostureMutualTLS(t *testing.T) {
	t.Parallel()
	rest := func(*sandbox.Model) {}
	shut := map[string]string{
		"unsigned":                     "pass none/accepted certain",
		"no-client-certificate":        "pass tls",
		"untrusted-client-certificate": "pass tls",
		"expired-client-certificate":   "pass tls",
	}
	for name, tt := range map[string]struct {
		setup    func(*sandbox.Model)
		mutual   *sandbox.MutualTLS
		switches sandbox.Switches
		want     map[string]string
	}{
		"shut, refused with 403": {rest, &sandbox.MutualTLS{}, sandbox.Switches{}, shut},
		// Where the handshake ends, nothing shows that an error type would get through.
		"shut, refused in the handshake":           {rest, &sandbox.MutualTLS{}, sandbox.Switches{MutualTLSFailsHandshake: true}, with(shut, "unsigned", "pass none/accepted likely")},
		"HTTP API, shut, refused with 403":         {httpAPI, &sandbox.MutualTLS{}, sandbox.Switches{}, shut},
		"HTTP API, shut, refused in the handshake": {httpAPI, &sandbox.MutualTLS{}, sandbox.Switches{MutualTLSFailsHandshake: true}, shut},
		"open: the domain asks for nothing": {rest, nil, sandbox.Switches{}, map[string]string{
			"unsigned":                     "pass none/accepted likely",
			"no-client-certificate":        "fail/open none/accepted likely",
			"untrusted-client-certificate": "fail/open none/accepted likely",
			"expired-client-certificate":   "fail/open none/accepted likely",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := healthy()
			tt.setup(&m)
			m.APIs[0].Routes = []sandbox.Route{open("/health")}
			m.Domains[0].MutualTLS, m.Switches = tt.mutual, tt.switches
			g, err := sandbox.New(m)
			if err != nil {
				t.Fatal(err)
			}
			s, err := g.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			pair := func(kind sandbox.CertificateKind) *tls.Certificate {
				certificate, key, err := g.ClientCertificate(kind)
				if err != nil {
					t.Fatal(err)
				}
				p, err := tls.X509KeyPair(certificate, key)
				if err != nil {
					t.Fatal(err)
				}
				return &p
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(s.CA)
			plan := &probe.Plan{
				Environment: "test", ConnectTo: map[string]string{"*": s.Addr}, RootCAs: roots, Rate: 2000, TotalRate: 2000,
				APIs: []probe.API{{
					Name: "orders", Type: declareAPI(&m, &m.APIs[0]).Type, Region: region, Stage: m.APIs[0].Stages[0].Name, CatchAll: probe.Absent,
					Routes: []probe.Route{{Method: "GET", Path: "/health", Authorization: probe.AuthNone}},
					Domains: []probe.CustomDomain{{
						Host: domain, BasePath: "orders", RootMapping: probe.Absent,
						ClientCertificate: pair(sandbox.Trusted), ExpiredCertificate: pair(sandbox.Expired),
					}},
				}},
			}
			matrix, err := probe.NewMatrix(plan, scenarios.All(), probe.Selection{Scenarios: []string{
				"no-client-certificate", "untrusted-client-certificate", "expired-client-certificate",
			}})
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[string]string)
			for e := range matrix.Run(t.Context(), probe.RunOptions{All: true}) {
				finished, ok := e.(probe.RunFinished)
				if !ok {
					continue
				}
				replayed(t, matrix, finished.Report)
				for _, r := range finished.Report.Results {
					if r.Attribution == nil {
						continue
					}
					line := string(r.Verdict)
					if r.Kind != "" {
						line += "/" + string(r.Kind)
					}
					line += " " + string(r.Attribution.Layer)
					// Whether a refused handshake is an alert or a reset is up to the network: certain or likely.
					if r.Attribution.Layer != probe.TLS {
						line += "/" + string(r.Attribution.Cause) + " " + string(r.Attribution.Confidence)
					} else if c := r.Attribution.Confidence; c != probe.Certain && c != probe.Likely {
						t.Errorf("%s: got confidence %s: %v", r.Scenario, c, r.Attribution.Because)
					}
					got[r.Scenario] = line
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
