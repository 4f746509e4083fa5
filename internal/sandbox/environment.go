package sandbox

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// Environment is the built-in environment, served.
type Environment struct {
	*Gateway
	Addr string // where it listens

	server  *Server
	account *ControlServer
	proxy   *refusingProxy // nil: none
	files   map[string][]byte
}

// Serve starts the built-in environment on addr, with faults by their names.
func Serve(addr string, faults ...string) (*Environment, error) {
	w := setting{Model: Builtin()}
	for _, name := range faults {
		f, err := findFault(name)
		if err != nil {
			return nil, err
		}
		f.change(&w)
	}
	return w.serve(addr)
}

// ServeChanged starts the built-in environment on addr with a model that is changed
// first, for tests of what no fault is.
func ServeChanged(addr string, change func(*Model)) (*Environment, error) {
	w := setting{Model: Builtin()}
	change(&w.Model)
	return w.serve(addr)
}

func (w setting) serve(addr string) (*Environment, error) {
	g, err := New(w.Model)
	if err != nil {
		return nil, fmt.Errorf("building the sandbox: %w", err)
	}
	e := &Environment{Gateway: g}
	if err := e.makeFiles(); err != nil {
		return nil, err
	}
	if w.refusingProxy {
		if e.proxy, err = serveRefusingProxy(); err != nil {
			return nil, err
		}
	}
	// The prober is in the VPC of the only endpoint, which takes the names that it must.
	if e.server, err = g.ListenInside(builtin.Endpoint, addr); err != nil {
		_ = e.Close() // the first error is the one to tell
		return nil, err
	}
	if e.account, err = g.ListenControl(); err != nil {
		_ = e.Close()
		return nil, err
	}
	e.Addr = e.server.Addr
	e.files["ca.pem"] = e.server.CA
	return e, nil
}

// makeFiles mints the client certificates that the configuration names.
func (e *Environment) makeFiles() error {
	e.files = map[string][]byte{}
	for name, kind := range map[string]CertificateKind{"client": Trusted, "expired-client": Expired} {
		cert, key, err := e.ClientCertificate(kind)
		if err != nil {
			return err
		}
		e.files[name+".pem"], e.files[name+".key"] = cert, key
	}
	return nil
}

// ConfigName is the file of [Environment.Files] that is the probe's configuration.
const ConfigName = "probe.yaml"

// AccountName is the file of [Environment.Files] that a shell reads to find the
// account.
const AccountName = "account.env"

// Files are the probe's configuration for the environment and what it refers to,
// for the directory dir: its paths begin with it.
func (e *Environment) Files(dir string) map[string][]byte {
	out := map[string][]byte{ConfigName: []byte(e.config(func(name string) string { return filepath.Join(dir, name) }))}
	for name, content := range e.files {
		out[name] = content
	}
	var account strings.Builder
	for _, variable := range e.Account() {
		account.WriteString("export " + variable + "\n")
	}
	out[AccountName] = []byte(account.String())
	return out
}

// Close stops what was started and drops its connections.
func (e *Environment) Close() error {
	if e.proxy != nil {
		e.proxy.close()
	}
	if e.account != nil {
		_ = e.account.Close() // nobody is served any more
	}
	if e.server == nil {
		return nil
	}
	return e.server.Close()
}

// Account is what leads AWS's clients to the environment's control plane, as
// environment variables: its address, and the keys of somebody who may look at
// everything and invoke nothing.
func (e *Environment) Account() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.account.URL, "AWS_REGION=" + builtin.Region,
		"AWS_ACCESS_KEY_ID=" + builtin.Operator.ID, "AWS_SECRET_ACCESS_KEY=" + builtin.Operator.Secret,
	}
}

// refusingProxy is a forward proxy that lets nobody out.
type refusingProxy struct {
	url  string
	http *http.Server
	done chan struct{}
}

func serveRefusingProxy() (*refusingProxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a forward proxy: %w", err)
	}
	p := &refusingProxy{
		url:  "http://" + listener.Addr().String(),
		done: make(chan struct{}),
		http: &http.Server{
			ReadHeaderTimeout: 10 * time.Second,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "this host is not on the list", http.StatusForbidden)
			}),
		},
	}
	go func() {
		defer close(p.done)
		_ = p.http.Serve(listener) // returns when close is called
	}()
	return p, nil
}

func (p *refusingProxy) close() {
	_ = p.http.Close() // nobody is served any more
	<-p.done
}
