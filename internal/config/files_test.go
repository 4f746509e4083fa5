package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write fills a new directory with files and returns its path.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDirectory(t *testing.T) {
	f, err := Load("testdata/dir", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lab", "prod"}, f.Environments()); diff != "" {
		t.Errorf("environments (-want +got):\n%s", diff)
	}
	p := plan(t, f, "prod")
	want, err := filepath.Abs("testdata/dir/secret.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Principals["caller"].SecretAccessKey.File; got != want {
		t.Errorf("file: got %q, want %q, relative to the file that names it", got, want)
	}
	sums := new(bytes.Buffer) // what sha256sum *.yaml prints
	for _, name := range []string{"apis.yaml", "lab.yaml", "prod.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata/dir", name))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(sums, "%x  %s\n", sha256.Sum256(text), name)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(sums.Bytes())); p.SourceHash != want {
		t.Errorf("hash: got %s, want %s", p.SourceHash, want)
	}
}

func TestDirectoryMistakes(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"no-yaml", map[string]string{"probe.yml": small, ".hidden.yaml": small}, "DIR: got a directory without *.yaml, want at least one"},
		{"same-key", map[string]string{"a.yaml": small, "b.yaml": "defaults: {}\nenvironments: {prod: {apis: []}}\n"},
			"DIR/b.yaml:2:16: got the key of DIR/a.yaml:3:3 again, want it once in all files"},
		{"same-default", map[string]string{"a.yaml": small + "defaults: {rate: 1}\n", "b.yaml": "defaults: {rate: 1}\n"},
			"DIR/b.yaml:1:12: got the key of DIR/a.yaml:10:12 again, want it once in all files"},
		{"two-versions", map[string]string{"a.yaml": small, "b.yaml": "version: 2\n"},
			"DIR/b.yaml:1:1: got the key of DIR/a.yaml:1:10 again, want it once in all files"},
		{"two-kinds", map[string]string{"a.yaml": small, "b.yaml": "environments: [a]\n"},
			"DIR/b.yaml:1:1: got the key of DIR/a.yaml:3:3 again, want it once in all files"},
		{"not-a-mapping", map[string]string{"a.yaml": small, "b.yaml": "[]\n"}, "DIR/b.yaml:1:1: got a list, want a mapping"},
		{"syntax-of-all", map[string]string{"a.yaml": "a: [\n", "b.yaml": "b: {\n"},
			"DIR/a.yaml:2:1: invalid YAML: did not find expected node content\nDIR/b.yaml:2:1: invalid YAML: did not find expected node content"},
		{"anchors-end-with-their-file", map[string]string{"a.yaml": "x-a: &a {rate: 1}\n" + small, "b.yaml": "defaults: *a\n"},
			"DIR/b.yaml:1:11: invalid YAML: got an alias (\"*…\") to an anchor that does not stand before it; quote a text that begins with \"*\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, test.files)
			_, err := Load(dir, Options{})
			got := string(bytes.ReplaceAll([]byte(errorText(err)), []byte(dir), []byte("DIR")))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// pair makes a self-signed certificate and its key.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

const withTLS = `version: 1
environments:
  prod:
    region: eu-west-1
    ca_file: ca.pem
    apis:
      - name: orders
        custom_domains:
          - {host: api.example.com, mutual_tls: {certificate: client.pem, key: {file: client.key}}}
        routes: [{request: GET /health, authorization: NONE}]
`

func TestCertificates(t *testing.T) {
	certificate, key := pair(t)
	dir := write(t, map[string]string{"probe.yaml": withTLS, "ca.pem": certificate, "client.pem": certificate, "client.key": key})
	f, err := Load(filepath.Join(dir, "probe.yaml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, f, "prod")
	want, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	want.AppendCertsFromPEM([]byte(certificate))
	if !p.RootCAs.Equal(want) {
		t.Error("root certificates: want the system's and that of ca_file")
	}
	if got := p.APIs[0].Domains[0].ClientCertificate; got == nil || len(got.Certificate) != 1 {
		t.Errorf("client certificate: got %v, want one", got)
	}
}

// TestCertificateMistakes holds Load to reading no key, and Plan to naming what is wrong with one, but not its path.
func TestCertificateMistakes(t *testing.T) {
	certificate, key := pair(t)
	_, other := pair(t)
	tests := []struct {
		name             string
		certificate, key string
		want             string
	}{
		{"missing", "", "", "probe.yaml:9:63: \"certificate\": reading it: no such file\nprobe.yaml:9:87: \"file\": reading it: no such file"},
		{"not-pem", certificate, "sk-live-0123456789", `probe.yaml:9:87: "file": got a file that is not PEM, want PEM`},
		{"not-a-pair", certificate, other, `probe.yaml:9:49: "mutual_tls": got a certificate and a key that do not belong together, want a pair`},
		{"swapped", key, certificate, `probe.yaml:9:49: "mutual_tls": got a certificate and a key that do not belong together, want a pair`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"probe.yaml": withTLS, "ca.pem": certificate, "client.pem": test.certificate, "client.key": test.key}
			f, err := Load("probe.yaml", Options{ReadFile: func(path string) ([]byte, error) {
				if text := files[path]; text != "" {
					return []byte(text), nil
				}
				return nil, os.ErrNotExist
			}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Plan("prod")
			if diff := cmp.Diff(test.want, errorText(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// The fingerprint changes with what is read, and with nothing else.
func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "version: 1\n")
	last := map[string]string{dir: Fingerprint(dir), filepath.Join(dir, "a.yaml"): Fingerprint(filepath.Join(dir, "a.yaml"))}
	for _, step := range []struct {
		what   string
		do     func()
		dir    bool // its fingerprint changes
		single bool // that of the file
	}{
		{"nothing", func() {}, false, false},
		{"written again", func() { write("a.yaml", "version: 1\n") }, false, false},
		{"other text", func() { write("a.yaml", "version: 2\n") }, true, true},
		{"another file", func() { write("b.yaml", "x-b: 1\n") }, true, false},
		{"a file that is not read", func() { write(".b.yaml.swp", "x-b: 1\n") }, false, false},
		{"a new name", func() { _ = os.Rename(filepath.Join(dir, "b.yaml"), filepath.Join(dir, "c.yaml")) }, true, false},
		{"gone", func() { _ = os.Remove(filepath.Join(dir, "a.yaml")) }, true, true},
	} {
		step.do()
		for path, want := range map[string]bool{dir: step.dir, filepath.Join(dir, "a.yaml"): step.single} {
			now := Fingerprint(path)
			if changed := now != last[path]; changed != want {
				t.Errorf("%s: the fingerprint of %s changed: %v, want %v", step.what, filepath.Base(path), changed, want)
			}
			last[path] = now
		}
	}
}
