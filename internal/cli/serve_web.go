package cli

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"apigwprobe/internal/daemon"
	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

// tokenVariable holds the token of the daemon's interface, if no file does.
const tokenVariable = "PROBE_TOKEN"

// webOptions say where the daemon answers, and whom.
type webOptions struct {
	listenOn, tokenFile, certificate, key, clientCA string

	access daemon.Access
	tls    *tls.Config
}

func (o *webOptions) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.listenOn, "listen", "127.0.0.1:9842", "address to answer on; beyond loopback, clients must show a token or a certificate")
	flags.StringVar(&o.tokenFile, "token-file", "", fmt.Sprintf("file with the token that clients must show (default $%s)", tokenVariable))
	flags.StringVar(&o.certificate, "tls-cert", "", "PEM file with the certificate to answer with")
	flags.StringVar(&o.key, "tls-key", "", "PEM file with its key")
	flags.StringVar(&o.clientCA, "client-ca", "", "PEM file with the authorities of the certificates that clients must show")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
}

// prepare reads what clients must show and what they are shown, and refuses an address that would be open to all.
func (o *webOptions) prepare(s Streams) error {
	o.access.Token = s.env(tokenVariable)
	if o.tokenFile != "" {
		text, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		o.access.Token = string(bytes.TrimSpace(text))
		if o.access.Token == "" {
			return fmt.Errorf("--token-file: got an empty file %q, want a token", o.tokenFile)
		}
	}
	if o.certificate != "" {
		pair, err := tls.LoadX509KeyPair(o.certificate, o.key)
		if err != nil {
			return fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		o.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	if o.clientCA != "" {
		if o.tls == nil {
			return errors.New("--client-ca: got no --tls-cert, want one: certificates are shown over TLS alone")
		}
		text, err := os.ReadFile(o.clientCA)
		if err != nil {
			return fmt.Errorf("--client-ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return fmt.Errorf("--client-ca: got a file %q without certificates", o.clientCA)
		}
		o.tls.ClientCAs, o.tls.ClientAuth, o.access.Certificate = pool, tls.RequireAndVerifyClientCert, true
	}
	if err := o.access.Check(o.listenOn); err != nil {
		return hinted{err, "--token-file, or --tls-cert, --tls-key and --client-ca, say who may"}
	}
	return nil
}

func (o *webOptions) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", o.listenOn)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener, nil
}

func (o *webOptions) address(l net.Listener) string {
	if o.tls != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// mediaType is that of a format of report.
func mediaType(format string) (string, bool) {
	if _, err := report.Find(format); err != nil {
		return "", false
	}
	switch format {
	case "json", "sarif", "har":
		return "application/json", true
	case "jsonl":
		return "application/jsonl", true
	case "junit":
		return "application/xml", true
	case "html":
		return "text/html; charset=utf-8", true
	case "markdown":
		return "text/markdown; charset=utf-8", true
	default:
		return "text/plain; charset=utf-8", true
	}
}

// render writes a stored run as probe run would have.
func (o *serveOptions) render(w io.Writer, format string, rep probe.Report) error {
	f, err := report.Find(format)
	if err != nil {
		return err
	}
	return tell(f.New(w, report.Options{}), rep)
}
