package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

// baseline is an earlier result that a run is compared with.
type baseline struct {
	file   string // empty: none
	accept bool   // write what this run finds in its place
	after  bool   // the run comes after a deployment
	wanted bool   // the file was named, and has to be there

	before *probe.Report
}

// afterDeployWait is how long a run after a deployment waits: several times the half minute that was measured.
const afterDeployWait = 90 * time.Second

func (b *baseline) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&b.file, "baseline", "", "compare with this earlier result (of --accept, or of --format json)")
	flags.BoolVar(&b.accept, "accept", false, "write the result to the file of --baseline, to compare later runs with")
	flags.BoolVar(&b.after, "after-deploy", false,
		"--matrix smoke --wait 90s, and --baseline probe-baseline-ENV.json beside the configuration if that is there")
}

// prepare fills in what --after-deploy stands for and reads the baseline, before anything is sent.
func (b *baseline) prepare(cmd *cobra.Command, o *runOptions) error {
	b.wanted = b.file != ""
	if b.after {
		if !cmd.Flags().Changed("matrix") {
			o.filters.matrix.value = smokeMatrix
		}
		if !cmd.Flags().Changed("wait") {
			o.wait = afterDeployWait
		}
		if !b.wanted {
			b.file = filepath.Join(configFolder(o.filters.config), "probe-baseline-"+o.environment+".json")
		}
	}
	if b.file == "" {
		switch {
		case b.accept:
			return hinted{errors.New("--accept: got no --baseline, want the file to write"), seeHelp(cmd)}
		case o.failOn.has(onlyNew):
			return hinted{errors.New("--fail-on new: got no --baseline, want one to compare with"), seeHelp(cmd)}
		}
		return nil
	}
	before, err := readResult(b.file, nil)
	switch {
	case err == nil:
		b.before = &before
	case errors.Is(err, fs.ErrNotExist) && (b.accept || !b.wanted):
	default:
		return err
	}
	if b.before == nil && o.failOn.has(onlyNew) && !b.accept {
		return hinted{fmt.Errorf("--fail-on new: got no %q, want a baseline to compare with", b.file), "--accept writes it"}
	}
	if b.accept {
		o.reports = append(o.reports, reportFile{jsonFormat, b.file})
	}
	return nil
}

// configFolder is the folder of a configuration, which may be a folder itself.
func configFolder(config string) string {
	if filepath.Ext(config) == "" {
		return config
	}
	return filepath.Dir(config)
}

// compare adds to a finished report what changed since the baseline.
func (b *baseline) compare(e probe.Event) probe.Event {
	end, ok := e.(probe.RunFinished)
	if !ok || b.before == nil {
		return e
	}
	d := probe.Compare(*b.before, end.Report)
	end.Report.Drift = &d
	return end
}
