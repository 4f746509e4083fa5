package metrics

import (
	"io"

	"github.com/prometheus/common/expfmt"
)

// Write writes everything in the text format, as node_exporter's textfile collector reads it.
func (m *Metrics) Write(w io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}
