package manifest

import (
	_ "embed" // the files
	"io"
)

// The files name metrics of the prober, which the tests of the command line hold against the registry.
var (
	//go:embed prometheus-rules.yaml
	rules []byte
	//go:embed grafana.json
	dashboard []byte
)

var prometheusRules = Kind{Name: "prometheus-rules", Help: "alerting rules on the metrics", Write: verbatim(rules)}

var grafana = Kind{Name: "grafana", Help: "a dashboard of the metrics", Write: verbatim(dashboard)}

func verbatim(file []byte) func(io.Writer, Input) error {
	return func(w io.Writer, _ Input) error {
		_, err := w.Write(file)
		return err
	}
}
